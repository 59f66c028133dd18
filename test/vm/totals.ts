/** The closing lines of Node's test runner: `ℹ pass 12`. */

export class Totals {
  passed = 0;
  failed = 0;
  skipped = 0;

  /** Takes one line of the output; lines that say nothing of totals are ignored. */
  read(line: string): void {
    const [, word, number] = /^ℹ (pass|fail|cancelled|skipped) (\d+)$/.exec(line) ?? [];
    if (word === "pass") this.passed += Number(number);
    if (word === "fail" || word === "cancelled") this.failed += Number(number);
    if (word === "skipped") this.skipped += Number(number);
  }

  get count(): number {
    return this.passed + this.failed + this.skipped;
  }
}
