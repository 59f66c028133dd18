/** Many clients at once, for long: what the daemon holds after each round must be what it held after the first. */
import assert from "node:assert/strict";
import { median } from "../../bench/statistics.ts";
import { assertAudit } from "../support/audit.ts";
import { eventually } from "../support/eventually.ts";
import type { Random } from "../support/random.ts";
import type { Trials } from "../support/trials.ts";
import { type Bed, privateMemory } from "./bed.ts";
import { ChurnClient } from "./churn-client.ts";
import type { Heap, Lateness } from "./probe-client.ts";
import { type Counts, countsOf, grownCounts } from "./process-figures.ts";

export interface ChurnShape {
  clients: number;
  /** After each one all pods are gone, and the daemon is looked at. One more goes ahead of them, in which pools fill. */
  rounds: number;
  roundSeconds: number;
}

/** What the daemon holds when it has nothing to do. */
interface Holding {
  counts: Counts;
  heap: Heap;
  /** Bytes. */
  private: number;
  lateness: Lateness;
}

/** A heap that grew less from the first half of the rounds to the second is the same: figures, caches, compiled code. */
const HEAP_TOLERANCE = 0.05;
/** Freed memory that the allocator keeps depends on what was at once. */
const PRIVATE_TOLERANCE = 0.15;
const MEBIBYTE = 1 << 20;

/** Runs the trial. `random` is the source of all that the clients do. */
export async function tryChurn(bed: Bed, trials: Trials, random: Random, shape: ChurnShape): Promise<void> {
  const row = (what: string) => `${shape.clients} clients: ${what}`;
  const holdings: Holding[] = [];
  for (let round = 0; round <= shape.rounds; round++) {
    await runRound(bed, trials, random, row("cycles"), shape);
    await trials.try(row("audit"), `after round ${round}`, () => assertAudit(bed.daemon));
    const holding = await holds(bed);
    holdings.push(holding);
    console.log(`round ${round}: ${describe(holding)}`);
  }
  const [first, ...measured] = holdings as [Holding, ...Holding[]];
  for (const [what, grown] of Object.entries(growth)) {
    await trials.try(row(what), "growth", () =>
      eventually(async () => assert.deepEqual(grown(first, await holds(bed)), [])),
    );
  }
  await trials.try(row("heap"), "growth", async () => {
    assertFlat(
      "heap",
      measured.map(({ heap }) => heap.heap),
      HEAP_TOLERANCE,
    );
  });
  trials.note(row("heap"), series(measured.map(({ heap }) => heap.heap)));
  await trials.try(row("private memory"), "growth", async () => {
    assertFlat(
      "private memory",
      measured.map((one) => one.private),
      PRIVATE_TOLERANCE,
    );
  });
  trials.note(row("private memory"), series(measured.map((one) => one.private)));
}

async function runRound(
  bed: Bed,
  trials: Trials,
  random: Random,
  row: string,
  { clients, roundSeconds }: ChurnShape,
): Promise<void> {
  const end = performance.now() + roundSeconds * 1000;
  const work = async (number: number, own: Random) => {
    const client = new ChurnClient(bed, own, number);
    for (let count = 0; performance.now() < end; count++) {
      const won = await trials.try(row, `client ${number}, cycle ${count}`, () => client.cycle());
      if (!won) await trials.try(row, `client ${number}, its pod`, () => client.end());
    }
    await trials.try(row, `client ${number}, its pod`, () => client.end());
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => work(number, random.fork())));
}

async function holds(bed: Bed): Promise<Holding> {
  const lateness = await bed.probe.lateness();
  // Garbage is collected first: what is left is what something holds.
  const heap = await bed.probe.heap();
  const memory = await privateMemory(bed);
  return { counts: countsOf(bed.daemon.pid), heap, private: memory, lateness };
}

/** What has grown, by a line each. */
const growth: Record<string, (before: Holding, after: Holding) => string[]> = {
  "descriptors, threads, children, watches": (before, after) => grownCounts(before.counts, after.counts),
  "timers and what else is active": (before, after) =>
    grownCounts(before.heap.resources, after.heap.resources),
};

/** Growth that continues shows in the second half of the rounds. */
function assertFlat(what: string, values: number[], tolerance: number): void {
  const half = Math.floor(values.length / 2);
  const [before, after] = [median(values.slice(0, half)), median(values.slice(-half))];
  const growth = (after - before) / before;
  assert.ok(growth <= tolerance, `${what} grew by ${(growth * 100).toFixed(1)} %: ${series(values)}`);
}

function series(values: number[]): string {
  return `${values.map((value) => (value / MEBIBYTE).toFixed(1)).join(" ")} MiB`;
}

function describe({ counts, heap, private: memory, lateness }: Holding): string {
  const descriptors = Object.entries(counts).filter(([name]) => name.startsWith("fd "));
  const open = descriptors.reduce((sum, [, count]) => sum + count, 0);
  const late = [lateness.p50, lateness.p99, lateness.max].map((ms) => ms.toFixed(1)).join(" / ");
  return [
    `${open} descriptors, ${counts.threads} threads, ${counts["inotify watches"]} inotify watches`,
    `heap ${series([heap.heap])}, private ${series([memory])}`,
    `event loop busy for ${(lateness.utilization * 100).toFixed(0)} %, late by ${late} ms (p50, p99, at most)`,
  ].join("; ");
}
