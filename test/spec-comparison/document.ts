/** docs/config-json.md: the explanations as tables. */
import { join } from "node:path";
import type { Explanation } from "./explanation.ts";
import { explanations } from "./explanations.ts";
import { KINDS } from "./requests.ts";

/** Where the document is kept. */
export const DOCUMENT = join(import.meta.dirname, "..", "..", "docs", "config-json.md");

const introduction = `# config.json, beside containerd's

What critter gives the runtime for a container, held field by field against what Debian's containerd 1.6.20 gives it for the
same request, on the same machine (Debian bookworm, runc 1.1.5, x86-64, cgroup v1). The requests are those of a kubelet, for a
pod with one container, of four kinds: plain, privileged, on the host's network, in a user namespace. Both the container's
config.json is compared and that of the pod's pause container.

What is in these tables is all that differs. The order of fields, mounts and items is not compared, nor is what is false, or a
list without items, told from what is absent: the OCI's specification makes no difference. Paths of the test are shown as those
of an installed runtime; POD, CONTAINER and IMAGE stand for ids, PAUSE for the pause container's process.

User namespaces came with containerd 1.7 and 2; 1.6 takes no notice of the field and makes a plain container. So there
critter is compared with what 1.6 makes and what containerd 2 adds to it, by its sources: the namespace, its mappings, and those
of mounts (\`test/spec-comparison/user-namespace.ts\`). That part was read, not run.

\`npm run compare:spec\` makes the comparison; a test makes it too where containerd's package is in the cache, and fails on a
difference that is not explained here and on an explanation that nothing needs. This page is made of
\`test/spec-comparison/explanations.ts\` by \`npm run compare:spec -- --document\`.
`;

/** The document's text. */
export function renderDocument(): string {
  const sections = explanations.map(({ title, explanations: rows }) => `## ${title}\n\n${table(rows)}`);
  return [introduction, ...sections].join("\n");
}

function table(rows: readonly Explanation[]): string {
  const head = ["Field", "Whose", "containerd", "critter", "Why"];
  const lines = [head, head.map(() => "---"), ...rows.map(cells)];
  return lines.map((line) => `| ${line.join(" | ")} |\n`).join("");
}

function cells(explanation: Explanation): string[] {
  const { path, containerd, critter, reason, where } = explanation;
  return [
    // A cell breaks at blanks only.
    code(path.replace(/\{([^,}]*)\}/g, "$1").replaceAll(",", ", ")),
    whose(explanation),
    value(containerd),
    value(critter),
    where ? `${reason} Only ${where}.` : reason,
  ];
}

function whose({ owner, kinds = KINDS }: Explanation): string {
  const who = owner === undefined ? "both" : owner === "sandbox" ? "pause container" : "container";
  return kinds.length === KINDS.length ? who : `${who}: ${kinds.join(", ")}`;
}

function value(text: string | undefined): string {
  return text === undefined ? "—" : text === "…" ? text : code(text);
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}
