/** Features by area, tried several at the same time on one subject, and the table of which work. */
import { inParallel } from "./parallel.ts";
import { textTable } from "./text-table.ts";
import type { TrialOptions, Trials } from "./trials.ts";

export interface Feature<Subject> {
  /** Unique within its area, in words: "a Job completes". */
  name: string;
  /** Rejects where the feature does not work. What it makes it removes. */
  run(subject: Subject): Promise<void>;
  /** Whether no other feature may run on its subject meanwhile. */
  alone?: boolean;
  /** Only with `--long` or `--only`. */
  long?: boolean;
  /** Why it cannot be tried on this machine; undefined where it can. */
  skip?(subject: Subject): string | undefined;
}

export interface Area<Subject> {
  name: string;
  features: readonly Feature<Subject>[];
}

interface Task<Subject> {
  area: string;
  feature: Feature<Subject>;
}

interface Row {
  area: string;
  feature: string;
  /** "works", "FAILS" or "skipped". */
  outcome: string;
  /** How long it took, or why it was skipped. */
  note: string;
}

export class FeatureTrials<Subject> {
  readonly #trials: Trials;
  readonly #areas: readonly Area<Subject>[];
  readonly #options: TrialOptions;
  readonly #together: Task<Subject>[];
  readonly #alone: Task<Subject>[];
  readonly #rows: Row[] = [];

  constructor(trials: Trials, options: TrialOptions, areas: readonly Area<Subject>[]) {
    this.#trials = trials;
    this.#options = options;
    this.#areas = areas;
    const wanted = areas.flatMap((area) =>
      area.features
        .filter((feature) => this.#wants(area, feature))
        .map((feature) => ({ area: area.name, feature })),
    );
    this.#together = wanted.filter(({ feature }) => !feature.alone);
    this.#alone = wanted.filter(({ feature }) => feature.alone);
  }

  /** How many features the options ask for, by whether they must be alone. */
  get wanted(): { together: number; alone: number } {
    return { together: this.#together.length, alone: this.#alone.length };
  }

  /** Tries what the options ask for, `limit` at a time, and then one by one what must be alone. */
  async tryAll(subject: Subject, limit: number): Promise<void> {
    await this.tryTogether(subject, limit);
    await this.tryAlone(subject);
  }

  /** Tries what need not be alone, `limit` at a time. */
  async tryTogether(subject: Subject, limit: number): Promise<void> {
    await inParallel(this.#together.length, limit, (at) => this.#try(subject, this.#together[at]!));
  }

  /** Tries what must be alone, one by one. */
  async tryAlone(subject: Subject): Promise<void> {
    for (const task of this.#alone) await this.#try(subject, task);
  }

  /** In the order of the areas, whatever ended first. */
  printTable(): void {
    const names = this.#areas.flatMap(({ name, features }) =>
      features.map((feature) => `${name}: ${feature.name}`),
    );
    const place = ({ area, feature }: Row) => names.indexOf(`${area}: ${feature}`);
    const rows = this.#rows.toSorted((one, other) => place(one) - place(other));
    const cells = rows.map(({ area, feature, outcome, note }) => [area, feature, outcome, note]);
    console.log(`\n${textTable([["area", "feature", "", ""], ...cells])}`);
  }

  #wants({ name: area }: Area<Subject>, { name, long }: Feature<Subject>): boolean {
    const all = this.#options.long || this.#options.only.length > 0;
    return this.#trials.wants(`${area}: ${name}`) && (all || !long);
  }

  async #try(subject: Subject, { area, feature }: Task<Subject>): Promise<void> {
    const why = feature.skip?.(subject);
    if (why !== undefined) {
      this.#trials.skip(area);
      this.#rows.push({ area, feature: feature.name, outcome: "skipped", note: why });
      return;
    }
    const name = `${area}: ${feature.name}`;
    const began = performance.now();
    const works = await this.#trials.try(area, name, () => feature.run(subject));
    const outcome = works ? "works" : "FAILS";
    const note = `${((performance.now() - began) / 1000).toFixed(1)} s`;
    this.#rows.push({ area, feature: feature.name, outcome, note });
    console.log(`${outcome}  ${name}  ${note}`);
  }
}
