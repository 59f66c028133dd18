// Measures runtimes side by side, in rounds that take turns, and prints one table of medians and ratios:
//   node bench/run.ts [--runtimes critter,containerd] [--runtime-endpoint NAME=SOCKET]... [--only pods,restart,…]
//                     [--runs 30] [--json FILE]
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { ensureImages, storeFolder } from "../test/images/store.ts";
import { Registry } from "../test/registry/registry.ts";
import { removeCgroups } from "../test/support/cgroups.ts";
import { idleShare } from "./cpu.ts";
import { buildClient } from "./go-client.ts";
import { GROUPS, type Group, type Subject } from "./groups.ts";
import { type Runtime, startRuntime } from "./runtimes.ts";
import { renderTable } from "./table.ts";

const { values } = parseArgs({
  options: {
    runtimes: { type: "string", default: "critter,containerd" },
    "runtime-endpoint": { type: "string", multiple: true, default: [] },
    only: { type: "string" },
    runs: { type: "string", default: "30" },
    json: { type: "string" },
  },
});

// The client in Go ends by Ctrl-C, its benchmark fails, and what was started is stopped as after any failure.
process.on("SIGINT", () => {});
const groups = selectedGroups();
const runs = Number(values.runs);
if (!(runs >= 1)) throw new Error(`--runs is ${values.runs}: a number above 0`);
const client = await buildClient();
await ensureImages("base");
await ensureImages("sized");
await using registry = await Registry.start({ storage: storeFolder() });
// Others' work makes the figures worthless, so the table says whether there was any.
const idle = await idleShare(2000);
const subjects: Subject[] = [];
try {
  for (const which of [...values.runtimes.split(",").filter(Boolean), ...values["runtime-endpoint"]]) {
    const runtime = await startRuntime(which, registry.address);
    subjects.push({ which, runtime, client, measured: { durations: {}, memory: {} } });
  }
  for (const group of groups) {
    if (group.fresh) await restart(subjects);
    try {
      await measure(group, subjects);
    } finally {
      await group.end?.();
    }
  }
  await report(subjects, idle);
} finally {
  for (const { runtime } of subjects) await stop(runtime);
}

async function restart(subjects: Subject[]): Promise<void> {
  for (const subject of subjects) {
    await stop(subject.runtime);
    subject.runtime = await startRuntime(subject.which, registry.address);
  }
}

async function stop(runtime: Runtime): Promise<void> {
  await runtime.stop();
  removeCgroups(runtime.cgroupParent);
}

async function report(subjects: Subject[], idle: number): Promise<void> {
  const names = subjects.map(({ runtime }) => runtime.name);
  const measured = subjects.map((subject) => subject.measured);
  const percent = (idle * 100).toFixed(0);
  console.log(renderTable(names, measured));
  console.log(`\n${runs} runs in rounds that take turns; before them the machine was ${percent} % idle.`);
  const all = Object.fromEntries(names.map((name, at) => [name, measured[at]]));
  if (values.json) await writeFile(values.json, JSON.stringify(all));
}

/** Rounds take turns, and who goes first changes from round to round. */
async function measure(group: Group, subjects: Subject[]): Promise<void> {
  const rounds = group.rounds(runs);
  for (let round = 0; round < rounds; round++) {
    const share = Math.ceil((runs * (round + 1)) / rounds) - Math.ceil((runs * round) / rounds);
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      process.stderr.write(`${group.name} ${round + 1}/${rounds}: ${subject.runtime.name}\n`);
      await group.measure(subject, share);
    }
  }
}

/** What `scripts/setup --bench` does not bring is measured where it is there. */
function isThere({ name, missing }: Group): boolean {
  const program = missing?.();
  if (program) process.stderr.write(`${name} is left out: ${program} is missing\n`);
  return !program;
}

function selectedGroups(): Group[] {
  if (!values.only) return GROUPS.filter(isThere);
  return values.only.split(",").map((name) => {
    const group = GROUPS.find((candidate) => candidate.name === name);
    if (!group) throw new Error(`--only is ${name}: ${GROUPS.map((known) => known.name).join(", ")}`);
    return group;
  });
}
