/** How many nanoseconds of processor time a second somebody uses, from one reading to the next. */

interface Sample {
  usage: bigint;
  at: bigint;
  nanoCores: number | undefined;
}

/** Readings closer together tell little: the kernel counts in steps. Two clients may ask at about the same time. */
const minimumNanoseconds = 100_000_000n;

/** Remembers the last reading of each container or pod for as long as its record lives. */
export class CpuRates {
  readonly #samples = new WeakMap<object, Sample>();

  /**
   * The rate since the previous reading of `owner`, in nanocores; undefined at the first one. Usage is in decimal nanoseconds, `at` in
   * those of a clock that nobody sets: one that is set back would hold the rate for as long. A reading within a tenth of a second answers with the rate before.
   */
  next(owner: object, usageNanoseconds: string, at: bigint): number | undefined {
    const usage = BigInt(usageNanoseconds);
    const last = this.#samples.get(owner);
    if (last && usage >= last.usage && at - last.at < minimumNanoseconds) return last.nanoCores;
    const nanoCores = last && rate(last, usage, at);
    this.#samples.set(owner, { usage, at, nanoCores });
    return nanoCores;
  }
}

/** Undefined when the counter went back: it is a new one then. */
function rate(last: Sample, usage: bigint, at: bigint): number | undefined {
  if (usage < last.usage) return undefined;
  return Math.round((Number(usage - last.usage) / Number(at - last.at)) * 1e9);
}
