/** Bad HTTP/2 at the socket: who behaves is served meanwhile, and descriptors and memory come back. */
import assert from "node:assert/strict";
import type { Daemon } from "../../support/daemon.ts";
import { eventually } from "../../support/eventually.ts";
import type { Random } from "../../support/random.ts";
import type { TrialOptions, Trials } from "../../support/trials.ts";
import { descriptorsOf, residentBytes } from "../process-figures.ts";
import type { Attack } from "./attack.ts";
import { attacks } from "./attacks.ts";
import { Neighbour } from "./neighbour.ts";
import { RawConnection } from "./raw-connection.ts";

/** What the same yet again may cost: the allocator keeps what was let go, as much as was had at a time, but it is not lost. */
const mostMoreBytes = 60 * 2 ** 20;
/** Of messages as large as they may be, and of many connections. */
const costly = ["bombs of gzip", "messages that never end", "answers that nobody reads"];

export async function attackSocket(
  daemon: Daemon,
  trials: Trials,
  { long, random }: TrialOptions,
): Promise<void> {
  const scale = long ? 10 : 1;
  const before = { descriptors: descriptorsOf(daemon.pid), bytes: residentBytes(daemon.pid) };
  for (const [name, attack] of Object.entries(attacks)) {
    const own = random.fork();
    if (!trials.wants(name) && !trials.wants("socket")) continue;
    const kind = `socket: ${name}`;
    await trials.try(kind, name, async () => {
      const slowestMs = await underAttack(daemon, attack, own, scale);
      trials.note(
        kind,
        `${slowestMs.toFixed(0)} ms beside, ${mebibytes(residentBytes(daemon.pid) - before.bytes)} more`,
      );
      await eventually(() => {
        const now = descriptorsOf(daemon.pid);
        // The daemon itself may just be doing something.
        assert.ok(now <= before.descriptors + 5, `${now} descriptors, ${before.descriptors} before`);
      });
    });
  }
  if (!trials.wants("socket")) return;
  await trials.try("socket: again and again", "memory is not lost", async () => {
    const sizes: number[] = [];
    for (let round = 0; round < 3; round++) {
      for (const name of costly) await underAttack(daemon, attacks[name]!, random.fork(), scale);
      sizes.push(residentBytes(daemon.pid) - before.bytes);
    }
    const note = `${sizes.map(mebibytes).join(", ")} more`;
    trials.note("socket: again and again", note);
    assert.ok(sizes[2]! - sizes[1]! < mostMoreBytes, note);
  });
}

/** Answers the most that one who behaves had to wait for, in ms; fails where it was not answered. */
async function underAttack(daemon: Daemon, attack: Attack, random: Random, scale: number): Promise<number> {
  const neighbour = new Neighbour(daemon.socket);
  const connections: RawConnection[] = [];
  const open = async (reads?: boolean) => {
    const connection = await RawConnection.open(daemon.socket, reads);
    connections.push(connection);
    return connection;
  };
  try {
    await attack({ random, scale, open });
  } finally {
    for (const connection of connections) connection.close();
    await neighbour.finish();
  }
  return neighbour.slowestMs;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
