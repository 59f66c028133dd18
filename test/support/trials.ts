/**
 * What the commands of trials share (`npm run test:crash`, `test:faults`, `test:load`, `test:fuzz`, `test:power`): their
 * options, the count of what was tried and lost, and the table that they end with.
 */
import { parseArgs } from "node:util";
import { Random } from "./random.ts";
import { textTable } from "./text-table.ts";

export interface TrialOptions {
  /** The long form, `--long`; CI runs the short one. */
  long: boolean;
  /** Drawn from `--seed N`; from the time where it is not given. */
  random: Random;
  /** The trials whose names contain one of these, `--only PART…`; all where it is empty. */
  only: string[];
}

/** The options of the command line. Ends the process with 2 where they are wrong. */
export function trialOptions(usage: string): TrialOptions {
  try {
    const { values } = parseArgs({
      options: {
        long: { type: "boolean", default: false },
        seed: { type: "string", default: String(Date.now() % 1_000_000) },
        only: { type: "string", multiple: true, default: [] },
      },
    });
    if (!/^\d+$/.test(values.seed)) throw new Error(`--seed ${values.seed}: not a whole number`);
    return { long: values.long, random: new Random(Number(values.seed)), only: values.only };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    return process.exit(2);
  }
}

interface Row {
  tried: number;
  lost: number;
  skipped: number;
  milliseconds: number;
  note: string;
}

/** Counts trials by kind, prints what fails at once, and the table at the end. */
export class Trials {
  readonly #command: string;
  readonly #options: TrialOptions;
  readonly #rows = new Map<string, Row>();

  /** `command` is how a failure is repeated, without its options: `npm run test:crash --`. */
  constructor(command: string, options: TrialOptions) {
    this.#command = command;
    this.#options = options;
    console.log(`${command} ${options.long ? "--long " : ""}--seed ${options.random.seed}`);
  }

  /** Whether `--only` lets a trial of this name run. */
  wants(name: string): boolean {
    const { only } = this.#options;
    return only.length === 0 || only.some((part) => name.includes(part));
  }

  /** One trial of `kind`, a row of the table: it is lost when `work` throws. Answers whether it was won. */
  async try(kind: string, name: string, work: () => Promise<void>): Promise<boolean> {
    const row = this.#row(kind);
    const began = performance.now();
    row.tried++;
    try {
      await work();
      return true;
    } catch (error) {
      row.lost++;
      const { long, random } = this.#options;
      console.error(`lost: ${kind}: ${name}\n${error instanceof Error ? error.stack : error}`);
      console.error(`again: ${this.#command} ${long ? "--long " : ""}--seed ${random.seed}`);
      return false;
    } finally {
      row.milliseconds += performance.now() - began;
    }
  }

  /** Counts what is too small to be a trial by itself: `tried` messages, of which `lost` were answered wrongly. */
  count(kind: string, tried: number, lost = 0): void {
    const row = this.#row(kind);
    row.tried += tried;
    row.lost += lost;
  }

  /** One trial of `kind` that cannot be made here. */
  skip(kind: string): void {
    this.#row(kind).skipped++;
  }

  /** What the table says at the end of the row of `kind`, such as a figure. */
  note(kind: string, note: string): void {
    this.#row(kind).note = note;
  }

  /** Prints the table and the totals; the process fails where something was lost, or nothing tried. */
  finish(): void {
    const rows = [...this.#rows].map(([kind, { tried, lost, milliseconds, note }]) => [
      kind,
      String(tried),
      String(lost),
      `${(milliseconds / 1000).toFixed(1)} s`,
      note,
    ]);
    console.log(`\n${textTable([["", "tried", "lost", "time", ""], ...rows])}\n`);
    const sum = (field: "tried" | "lost" | "skipped") =>
      [...this.#rows.values()].reduce((all, row) => all + row[field], 0);
    console.log(`${sum("tried") - sum("lost")} passed, ${sum("lost")} failed, ${sum("skipped")} skipped`);
    if (sum("lost") > 0 || sum("tried") === 0) process.exitCode = 1;
  }

  #row(kind: string): Row {
    const row = this.#rows.get(kind) ?? { tried: 0, lost: 0, skipped: 0, milliseconds: 0, note: "" };
    this.#rows.set(kind, row);
    return row;
  }
}
