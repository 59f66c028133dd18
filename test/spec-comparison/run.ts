// Compares the config.json that critter and Debian's containerd make of the same requests, and prints every difference:
//   node test/spec-comparison/run.ts               exits with 1 where one is not explained, or an explanation is stale
//   node test/spec-comparison/run.ts --document    writes docs/config-json.md, and compares nothing
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { compare, type Judged, judge, key } from "./comparison.ts";
import { DOCUMENT, renderDocument } from "./document.ts";
import { explanations } from "./explanations.ts";
import { startBoth } from "./runtimes.ts";

const { values } = parseArgs({ options: { document: { type: "boolean", default: false } } });

if (values.document) {
  mkdirSync(dirname(DOCUMENT), { recursive: true });
  writeFileSync(DOCUMENT, renderDocument());
} else {
  const runtimes = await startBoth();
  try {
    const found = await compare(runtimes);
    const all = explanations.flatMap((section) => section.explanations);
    const { explained, unexplained, stale } = judge(found, all);
    for (const line of lines(explained)) console.log(line);
    for (const line of lines(unexplained)) console.log(`NOT EXPLAINED: ${line}`);
    for (const place of stale) console.log(`NOT FOUND, yet explained: ${key(place)}`);
    console.log(`${explained.length} explained, ${unexplained.length} not, ${stale.length} not found`);
    process.exitCode = unexplained.length + stale.length > 0 ? 1 : 0;
  } finally {
    await runtimes.stop();
  }
}

/** One line for what differs alike in pods of several kinds. */
function lines(judged: readonly Judged[]): string[] {
  const kinds = new Map<string, string[]>();
  for (const { kind, owner, path, containerd = "—", critter = "—" } of judged) {
    const line = `${owner} ${path}: containerd ${containerd}, critter ${critter}`;
    kinds.set(line, [...(kinds.get(line) ?? []), kind]);
  }
  return [...kinds].map(([line, all]) => `${line} (${all.join(", ")})`);
}
