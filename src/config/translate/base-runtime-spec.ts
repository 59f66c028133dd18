/** What of containerd's `base_runtime_spec`, the specification that its containers start from, crio.conf can say. */
import { readFileSync } from "node:fs";
import { messageOf } from "../../cri/status-error.ts";
import type { Leaf } from "./leaves.ts";
import type { Translation } from "./translation.ts";

interface BaseSpec {
  process?: {
    rlimits?: { type: string; soft: number; hard: number }[];
    capabilities?: { bounding?: string[] };
  };
}

/** Takes limits and capabilities out of the file that `leaf` names; those of critter are for all handlers. */
export function translateBaseSpec(leaf: Leaf, standard: boolean, translation: Translation): void {
  if (!standard) {
    translation.remark("none", leaf, "default_ulimits and default_capabilities are for all handlers alike");
    return;
  }
  let spec: BaseSpec;
  try {
    spec = JSON.parse(readFileSync(String(leaf.value), "utf8")) as BaseSpec;
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

function valued(leaf: Leaf, rlimits: { type: string }[]): Leaf {
  return { ...leaf, name: `${leaf.name}, its ${rlimits.map(({ type }) => type).join(", ")}` };
}

function ulimit({ type, soft, hard }: { type: string; soft: number; hard: number }): string {
  return `${type.replace(/^RLIMIT_/, "").toLowerCase()}=${limit(soft)}:${limit(hard)}`;
}

/** RLIM_INFINITY is all 64 bits, more than a number of JSON's can hold. */
function limit(value: number): number {
  return value >= 2 ** 63 ? -1 : value;
}

function bare(capability: string): string {
  return capability.replace(/^CAP_/, "");
}
