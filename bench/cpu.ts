import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** The share of all processors' time, 0 to 1, that nobody used during the next `ms` milliseconds. */
export async function idleShare(ms: number): Promise<number> {
  const before = readTimes();
  await sleep(ms);
  const after = readTimes();
  return (after.idle - before.idle) / (after.all - before.all);
}

function readTimes(): { idle: number; all: number } {
  const sum = { idle: 0, all: 0 };
  for (const { times } of cpus()) {
    sum.idle += times.idle;
    for (const time of Object.values(times)) sum.all += time;
  }
  return sum;
}
