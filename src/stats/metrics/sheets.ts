/** The sheets of all containers, or of all pods, each with the moment when it is too old. */
import { nowNanoseconds } from "../../clock.ts";
import { MetricSheet } from "./sheet.ts";

interface Kept {
  sheet: MetricSheet;
  /** By `performance.now`. */
  due: number;
}

/** Remembers the sheet of a container or pod (its record) for as long as that lives. */
export class Sheets<Owner extends { readonly id: string }> {
  readonly #kept = new WeakMap<Owner, Kept>();
  readonly #baseLabels: (owner: Owner) => readonly string[];
  readonly #freshMs: number;

  /**
   * `baseLabels` gives the values of the labels that an owner's metrics begin with; they never change. What was read is good for `freshMs`
   * milliseconds, a sixth more or less: not all is read anew at once.
   */
  constructor(baseLabels: (owner: Owner) => readonly string[], freshMs: number) {
    this.#baseLabels = baseLabels;
    this.#freshMs = freshMs;
  }

  /** The encoded sheet as it was filled last; undefined where it never was, or is not to be told of. */
  encoded(owner: Owner): Buffer | undefined {
    return this.#kept.get(owner)?.sheet.encoded;
  }

  isFresh(owner: Owner): boolean {
    return performance.now() < (this.#kept.get(owner)?.due ?? 0);
  }

  /** Has `write` fill the sheet of `owner` with what it reads now. */
  fill(owner: Owner, write: (sheet: MetricSheet, timestamp: string) => void): void {
    const kept = this.#kept.get(owner) ?? {
      sheet: new MetricSheet(owner.id, this.#baseLabels(owner)),
      due: 0,
    };
    const timestamp = nowNanoseconds();
    kept.sheet.begin(timestamp);
    write(kept.sheet, timestamp);
    kept.sheet.end();
    kept.due = performance.now() + this.#freshMs * (5 / 6 + Math.random() / 3);
    this.#kept.set(owner, kept);
  }

  forget(owner: Owner): void {
    this.#kept.delete(owner);
  }
}
