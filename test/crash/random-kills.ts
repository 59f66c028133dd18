/** Item 2: kill -9 at random times under the churn of many clients; after each the daemon starts, and nothing is lost. */
import { setTimeout as sleep } from "node:timers/promises";
import { assertAudit } from "../support/audit.ts";
import type { Random } from "../support/random.ts";
import type { Trials } from "../support/trials.ts";
import type { CrashBed } from "./bed.ts";
import { ChurnClient } from "./churn-client.ts";
import type { BedKeeper } from "./crash-trials.ts";
import { assertStoreIntact } from "./store-check.ts";

export const RANDOM_KILLS = "random kills";
const CLIENTS = 16;
const SHORTEST_MS = 20;
const LONGEST_MS = 3_000;
/** So often everything is removed, and nothing may be left. */
const CLEARING = 10;

/** Tries `rounds` rounds on one daemon, which is made anew after a round that was lost. */
export async function tryRandomKills(
  trials: Trials,
  keeper: BedKeeper,
  { rounds, random }: { rounds: number; random: Random },
): Promise<void> {
  const crowds = new WeakMap<CrashBed, ChurnClient[]>();
  let answers = 0;
  for (let round = 1; round <= rounds; round++) {
    const name = `round ${round}`;
    const afterMs = SHORTEST_MS + random.below(LONGEST_MS - SHORTEST_MS);
    await trials.try(RANDOM_KILLS, `${name}, after ${afterMs} ms`, () =>
      keeper.use(`random kills, ${name}`, async (bed) => {
        const clients = crowds.get(bed) ?? crowd(bed, random);
        crowds.set(bed, clients);
        await killUnderChurn(bed, clients, afterMs);
        answers += clients.reduce((sum, client) => sum + client.answers, 0);
        if (round % CLEARING !== 0 && round !== rounds) return;
        await bed.clear();
        crowds.delete(bed);
      }),
    );
  }
  trials.note(RANDOM_KILLS, `${CLIENTS} clients, ${answers} requests answered`);
}

function crowd({ daemon }: CrashBed, random: Random): ChurnClient[] {
  return Array.from({ length: CLIENTS }, (_, number) => new ChurnClient(daemon, number, random.fork()));
}

async function killUnderChurn(bed: CrashBed, clients: ChurnClient[], afterMs: number): Promise<void> {
  const { daemon } = bed;
  let killed = false;
  const failures: unknown[] = [];
  const work = clients.map(async (client) => {
    client.answers = 0;
    while (!killed) {
      try {
        await client.step();
      } catch (error) {
        // What is cut off by the kill fails as it must; anything before is a fault.
        if (!killed) failures.push(error);
        return;
      }
    }
  });
  await sleep(afterMs);
  killed = true;
  await daemon.kill();
  await Promise.all(work);
  if (failures.length > 0)
    throw new AggregateError(failures, `requests failed: ${failures.map(String).join("; ")}`);
  await daemon.start();
  await assertAudit(daemon);
  assertStoreIntact(daemon);
  for (const client of clients) await client.check();
  await assertAudit(daemon);
}
