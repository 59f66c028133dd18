/** Works through points by several daemons at once, each of which is replaced after a trial that it has lost. */
import type { Random } from "../support/random.ts";
import type { Trials } from "../support/trials.ts";
import { CrashBed, type Surroundings } from "./bed.ts";
import { crashAt, recordPoints } from "./every-step.ts";
import { operations } from "./operations/all.ts";
import type { AnyOperation, Way } from "./operations/operation.ts";

const FIRST_HOST_PORT = 22_400;

interface PointTrial {
  operation: AnyOperation;
  point: string;
  way: Way;
}

/** A bed for one trial after the other. */
export class BedKeeper {
  readonly #surroundings: Surroundings;
  readonly #hostPort: number;
  #bed: CrashBed | undefined;

  constructor(surroundings: Surroundings, number: number) {
    this.#surroundings = surroundings;
    this.#hostPort = FIRST_HOST_PORT + number;
  }

  /** Runs `work` on the bed, which is made anew after a failure. */
  async use<T>(name: string, work: (bed: CrashBed) => Promise<T>): Promise<T> {
    this.#bed ??= await CrashBed.make(this.#surroundings, this.#hostPort);
    const bed = this.#bed;
    try {
      return await work(bed);
    } catch (error) {
      console.error(`the daemon's log: ${bed.keepLog(name)}`);
      await this.dispose();
      throw error;
    }
  }

  async dispose(): Promise<void> {
    const bed = this.#bed;
    this.#bed = undefined;
    await bed?.daemon.dispose();
  }
}

export interface EveryStepOptions {
  /** How many points of each operation are tried; all when absent, and of those that `only` names. */
  sample?: number | undefined;
  random: Random;
  /** Parts of names: of operations, or `OPERATION: POINT`. */
  only: string[];
}

/** Tries the points of all operations. */
export async function tryEveryStep(
  trials: Trials,
  keepers: BedKeeper[],
  { sample, random, only }: EveryStepOptions,
): Promise<void> {
  const queue: PointTrial[] = [];
  const named = only.filter((part) => part.includes(": "));
  const wanted = operations.filter(
    ({ name }) => trials.wants(name) || named.some((part) => part.startsWith(`${name}: `)),
  );
  const passed = await inTurn(wanted, keepers, async (operation, keeper) => {
    const points = await keeper.use(`recording of ${operation.name}`, (bed) => recordPoints(bed, operation));
    return { operation, points };
  });
  for (const { operation, points } of passed) {
    const asked = points.filter((point) =>
      named.some((part) => `${operation.name}: ${point}`.includes(part)),
    );
    const all = sample === undefined ? points : sampleOf(points, sample, random);
    const chosen = named.length > 0 ? asked : all;
    trials.note(operation.name, `of ${points.length} points`);
    for (const [at, point] of chosen.entries()) {
      queue.push({ operation, point, way: (at + random.seed) % 2 === 0 ? "blind" : "listing" });
    }
  }
  const missed = new Map<string, number>();
  await inTurn(queue, keepers, async ({ operation, point, way }, keeper) => {
    const name = `${operation.name}: ${point}, then ${way}`;
    await trials.try(operation.name, name, async () => {
      if (await keeper.use(name, (bed) => crashAt(bed, operation, point, way))) return;
      const count = (missed.get(operation.name) ?? 0) + 1;
      missed.set(operation.name, count);
      const { points } = passed.find((one) => one.operation === operation)!;
      trials.note(operation.name, `of ${points.length} points; ${count} not reached again`);
    });
  });
}

/** Calls `work` for every item, each keeper with one at a time. */
async function inTurn<Item, Result>(
  items: Item[],
  keepers: BedKeeper[],
  work: (item: Item, keeper: BedKeeper) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  await Promise.all(
    keepers.map(async (keeper) => {
      for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at]!, keeper);
    }),
  );
  return results;
}

function sampleOf(points: string[], count: number, random: Random): string[] {
  const left = [...points];
  const chosen: string[] = [];
  while (chosen.length < count && left.length > 0) {
    chosen.push(...left.splice(random.below(left.length), 1));
  }
  return chosen;
}
