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
/** The daemon is killed after so many answers at most, and so many ms more: a slow machine must not be killed in its first request always. */
const MOST_ANSWERS = 60;
const LONGEST_MS = 80;
const PATIENCE_MS = 30_000;
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
    const when = { answers: random.below(MOST_ANSWERS), ms: random.next() * LONGEST_MS };
    await trials.try(RANDOM_KILLS, `${name}, ${when.ms.toFixed(1)} ms after answer ${when.answers}`, () =>
      keeper.use(`random kills, ${name}`, async (bed) => {
        const clients = crowds.get(bed) ?? crowd(bed, random);
        crowds.set(bed, clients);
        await killUnderChurn(bed, clients, when);
        answers += answersOf(clients);
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

function answersOf(clients: ChurnClient[]): number {
  return clients.reduce((sum, client) => sum + client.answers, 0);
}

async function killUnderChurn(
  bed: CrashBed,
  clients: ChurnClient[],
  when: { answers: number; ms: number },
): Promise<void> {
  const { daemon } = bed;
  let killed = false;
  const failures: unknown[] = [];
  for (const client of clients) client.answers = 0;
  const work = clients.map(async (client) => {
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
  const end = performance.now() + PATIENCE_MS;
  while (answersOf(clients) < when.answers && failures.length === 0 && performance.now() < end)
    await sleep(1);
  await sleep(when.ms);
  killed = true;
  await daemon.kill();
  await Promise.all(work);
  if (failures.length > 0)
    throw new AggregateError(failures, `requests failed: ${failures.map(String).join("; ")}`);
  await daemon.start();
  await assertAudit(daemon);
  await assertStoreIntact(daemon);
  for (const client of clients) await client.check();
  await assertAudit(daemon);
}
