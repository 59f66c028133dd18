/** The closing lines of Node's test runner, `ℹ pass 12`, and of critest's: `12 passed, 0 failed, 1 skipped`. */

export class Totals {
  passed = 0;
  failed = 0;
  skipped = 0;

  /** Takes one line of the output; lines that say nothing of totals are ignored. */
  read(line: string): void {
    const critest = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(line);
    if (critest) {
      this.passed += Number(critest[1]);
      this.failed += Number(critest[2]);
      this.skipped += Number(critest[3]);
    }
    const [, word, number] = /^ℹ (pass|fail|cancelled|skipped) (\d+)$/.exec(line) ?? [];
    if (word === "pass") this.passed += Number(number);
    if (word === "fail" || word === "cancelled") this.failed += Number(number);
    if (word === "skipped") this.skipped += Number(number);
  }

  get count(): number {
    return this.passed + this.failed + this.skipped;
  }
}
