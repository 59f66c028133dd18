/** Random and mutated messages to every RPC, and the count of what they are answered with. */
import { inParallel } from "../support/parallel.ts";
import { Random } from "../support/random.ts";
import { textTable } from "../support/text-table.ts";
import type { TrialOptions, Trials } from "../support/trials.ts";
import { afterwards } from "./afterwards.ts";
import type { FuzzBed } from "./bed.ts";
import { Generator } from "./generate.ts";
import { harmOf } from "./harm.ts";
import { Mutator } from "./mutate.ts";
import { faultOf, likeness } from "./oracle.ts";
import { printable } from "./repeatable.ts";
import { type Rpc, rpcs } from "./schema.ts";
import { plausibleValues, validRequest } from "./seeds.ts";
import { Sender } from "./sender.ts";
import { decodeFields, encodeFields } from "./wire.ts";

/** Those whose requests have much to be wrong about get more of them. */
const weights: Record<string, number> = {
  RunPodSandbox: 6,
  CreateContainer: 12,
  UpdateContainerResources: 4,
  UpdatePodSandboxResources: 2,
  PullImage: 3,
  ExecSync: 2,
};

/** Messages between two renewals of the pod, when nothing may be left. */
const atOnce = 500;
const senders = 4;

interface Tally {
  codes: Map<string, number>;
  slowestMs: number;
}

export async function fuzzMessages(
  bed: FuzzBed,
  trials: Trials,
  { random, only }: TrialOptions,
  total: number,
): Promise<void> {
  const wanted = rpcs.filter(({ name }) => only.length === 0 || trials.wants(name));
  if (wanted.length === 0) return;
  const shares = wanted.flatMap((rpc) => Array.from({ length: weights[rpc.name] ?? 1 }, () => rpc));
  const sender = new Sender(bed.daemon.socket);
  const tallies = new Map<string, Tally>();
  const faults = new Map<string, number>();
  for (let sent = 0; sent < total; sent += atOnce) {
    const count = Math.min(atOnce, total - sent);
    const seeds = Array.from({ length: count }, (_, at) => ({
      rpc: shares[(sent + at) % shares.length]!,
      seed: random.below(2 ** 32),
    }));
    const inTime = await trials.try("nothing left", `after ${sent} messages`, () => bed.renew());
    if (!inTime) break;
    await inParallel(count, senders, (at) => one(seeds[at]!.rpc, seeds[at]!.seed));
  }
  await trials.try("nothing left", "in the end", () => bed.assertNothingLeft());
  sender.close();
  console.log(`\n${codeTable(tallies)}`);

  async function one(rpc: Rpc, seed: number): Promise<void> {
    const bytes = messageFor(rpc, bed, seed);
    const outcome = await sender.send(rpc, bytes);
    const tally = tallies.get(rpc.name) ?? { codes: new Map(), slowestMs: 0 };
    tallies.set(rpc.name, tally);
    tally.codes.set(outcome.code, (tally.codes.get(outcome.code) ?? 0) + 1);
    tally.slowestMs = Math.max(tally.slowestMs, outcome.milliseconds);
    const fault =
      faultOf(rpc, outcome) ?? (outcome.code === "OK" ? await afterwards(sender, rpc, outcome) : undefined);
    trials.count(rpc.name, 1, fault ? 1 : 0);
    if (!fault) return;
    const kind = `${rpc.name} ${likeness(fault)}`;
    const times = (faults.get(kind) ?? 0) + 1;
    faults.set(kind, times);
    if (times > 1) return;
    console.error(`\nlost: ${rpc.name}: ${fault.slice(0, 2000)}`);
    console.error(`again: node test/fuzz/again.ts ${rpc.name} ${printable(bytes, bed)}`);
  }
}

/** The message of a seed that may be sent: the first of those drawn that would harm nothing. */
function messageFor(rpc: Rpc, bed: FuzzBed, seed: number): Buffer {
  const random = new Random(seed);
  const generator = new Generator(random, plausibleValues(bed));
  const mutator = new Mutator(random, generator);
  for (;;) {
    const bytes = draw();
    if (!harm(rpc, bytes, bed)) return bytes;
  }

  function draw(): Buffer {
    if (random.chance(0.03)) return random.bytes(random.below(200));
    if (random.chance(0.3)) return encodeFields(generator.message(rpc.request));
    const valid = rpc.encode(validRequest(rpc.name, bed, random));
    return mutator.mutated(rpc.request, decodeFields(rpc.request, valid));
  }
}

function harm(rpc: Rpc, bytes: Buffer, bed: FuzzBed): boolean {
  try {
    return harmOf(rpc.name, rpc.decodeRequest(bytes), bed) !== undefined;
  } catch {
    // What the daemon cannot read cannot harm.
    return false;
  }
}

function codeTable(tallies: Map<string, Tally>): string {
  const codes = [...new Set([...tallies.values()].flatMap((tally) => [...tally.codes.keys()]))].sort();
  const rows = [...tallies].map(([rpc, tally]) => [
    rpc,
    ...codes.map((code) => String(tally.codes.get(code) ?? "")),
    `${Math.round(tally.slowestMs)} ms`,
  ]);
  return textTable([["", ...codes, "slowest"], ...rows]);
}
