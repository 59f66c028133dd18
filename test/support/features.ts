/** Features by area, tried several at the same time on one subject, and the table of which work. */
import { inParallel } from "./parallel.ts";
import { textTable } from "./text-table.ts";
import type { TrialOptions, Trials } from "./trials.ts";

export interface Feature<Subject> {
  /** Unique within its area, in words: "a Job completes". */
  name: string;
  /** Rejects where the feature does not work. What it makes it removes. */
  run(subject: Subject): Promise<void>;
  /** Whether nothing else may run meanwhile. */
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
  readonly #rows: Row[] = [];

  constructor(trials: Trials, options: TrialOptions, areas: readonly Area<Subject>[]) {
    this.#trials = trials;
    this.#options = options;
    this.#areas = areas;
  }

  /** Tries what the options ask for, `limit` at a time, and then one by one what must be alone. */
  async tryAll(subject: Subject, limit: number): Promise<void> {
    const wanted = this.#areas.flatMap((area) =>
      area.features
        .filter((feature) => this.#wants(area, feature))
        .map((feature) => ({ area: area.name, feature })),
    );
    const together = wanted.filter(({ feature }) => !feature.alone);
    await inParallel(together.length, limit, (at) => this.#try(subject, together[at]!));
    for (const one of wanted) if (one.feature.alone) await this.#try(subject, one);
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

  async #try(
    subject: Subject,
    { area, feature }: { area: string; feature: Feature<Subject> },
  ): Promise<void> {
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
