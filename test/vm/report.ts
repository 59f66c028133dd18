/** The table of what each suite came to with each runtime. */
import { textTable } from "../support/text-table.ts";
import type { Result } from "./job.ts";

/** A line for each result and the totals, which close the output. */
export function report(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.suite,
    result.runtime,
    ...[result.passed, result.failed, result.skipped].map(String),
    `${result.seconds} s`,
    result.error,
  ]);
  const head = ["suite", "runtime", "passed", "failed", "skipped", "time", ""];
  return [textTable([head, ...rows]), "", totals(results)].join("\n");
}

function totals(results: readonly Result[]): string {
  const sum = (what: "passed" | "failed" | "skipped") =>
    results.reduce((all, result) => all + result[what], 0);
  return `${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`;
}
