/** What of containerd's `base_runtime_spec`, the specification that its containers start from, crio.conf can say. */
import { readFileSync } from "node:fs";
import { messageOf } from "../../cri/status-error.ts";
import { listOf, object, text, whole } from "../document.ts";
import type { Leaf } from "./leaves.ts";
import { type Translation, textOf } from "./translation.ts";

interface Limit {
  type: string;
  soft: number;
  hard: number;
}

interface Process {
  rlimits?: Limit[];
  capabilities?: { bounding?: string[] };
}

const open = { open: true };
/** RLIM_INFINITY is all 64 bits, more than a number of JSON's can hold. */
const mostOfLimit = 2 ** 64;

const limit = object<Limit>(
  { type: text(), soft: whole(0, mostOfLimit), hard: whole(0, mostOfLimit) },
  { ...open, required: ["type", "soft", "hard"] },
);
const process = object<Process>(
  { rlimits: listOf(limit), capabilities: object({ bounding: listOf(text()) }, open) },
  open,
);
const baseSpec = object<{ process?: Process }>({ process }, open);

/** Takes limits and capabilities out of the file that `leaf` names; those of critter are for all handlers. */
export function translateBaseSpec(leaf: Leaf, standard: boolean, translation: Translation): void {
  if (!standard) {
    translation.remark("none", leaf, "default_ulimits and default_capabilities are for all handlers alike");
    return;
  }
  let spec: ReturnType<typeof baseSpec>;
  try {
    spec = baseSpec(JSON.parse(readFileSync(textOf(leaf.value), "utf8")), "");
  } catch (error) {
    translation.remark(
      "none",
      leaf,
      `critter makes the specification by itself; and the file cannot be read here: ${messageOf(error)}`,
    );
    return;
  }
  const { rlimits = [], capabilities } = spec.process ?? {};
  if (rlimits.length > 0)
    translation.take("crio.runtime.default_ulimits", rlimits.map(ulimit), valued(leaf, rlimits));
  const bounding = capabilities?.bounding;
  if (bounding) translation.take("crio.runtime.default_capabilities", bounding.map(bare), leaf);
  translation.remark(
    "changed",
    leaf,
    "critter makes the specification by itself; limits (default_ulimits) and capabilities (default_capabilities) are taken, nothing else",
  );
}

function valued(leaf: Leaf, rlimits: Limit[]): Leaf {
  return { ...leaf, name: `${leaf.name}, its ${rlimits.map(({ type }) => type).join(", ")}` };
}

function ulimit({ type, soft, hard }: Limit): string {
  return `${type.replace(/^RLIMIT_/, "").toLowerCase()}=${number(soft)}:${number(hard)}`;
}

/** As default_ulimits has it: -1 for no limit. */
function number(value: number): number {
  return value >= 2 ** 63 ? -1 : value;
}

function bare(capability: string): string {
  return capability.replace(/^CAP_/, "");
}
