/** Runs a program of ginkgo's specs, and tells how each of them ended. */
import { spawn } from "node:child_process";
import { createWriteStream, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { readReport, type SpecResult } from "./report.ts";

export interface SpecRun {
  program: string;
  /** The program's arguments, of which one has it write its JSON report to the file `report`. */
  args(report: string): string[];
  /** The environment. Default: this process'. */
  env?: NodeJS.ProcessEnv;
  /** Whether it runs in a temporary folder, for what it leaves where it is. Default: false. */
  inOwnFolder?: boolean;
  /** File that is given its whole output. */
  log: string | undefined;
}

/** Runs the specs and answers how each ended. Rejects when the program left no report. */
export async function runSpecs(run: SpecRun): Promise<SpecResult[]> {
  const folder = await mkdtemp(join(tmpdir(), "critter-specs-"));
  try {
    const report = join(folder, "report.json");
    const code = await ended(run, report, run.inOwnFolder ? folder : undefined);
    return await readReport(report).catch((cause) => {
      throw new Error(`${basename(run.program)} ended with ${code} and left no report`, { cause });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Prints what did not pass and the totals, writes all of it to `file`, and fails this process where a spec failed or none ran. */
export function tellResults(results: readonly SpecResult[], file: string | undefined): void {
  for (const { outcome, name, message = "" } of results) {
    if (outcome !== "passed") console.log(`${outcome}: ${name}\n  ${message.replaceAll("\n", "\n  ")}`);
  }
  const count = (outcome: SpecResult["outcome"]) =>
    results.filter((result) => result.outcome === outcome).length;
  console.log(`${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`);
  if (file) writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  process.exitCode = count("failed") > 0 || results.length === 0 ? 1 : 0;
}

/** Runs it to its end. Answers the exit code or signal. */
function ended(
  { program, args, env = process.env, log }: SpecRun,
  report: string,
  cwd: string | undefined,
): Promise<number | string> {
  const output = log === undefined ? undefined : createWriteStream(log);
  const child = spawn(program, args(report), { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    if (output) stream.pipe(output, { end: false });
    else stream.resume();
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      output?.end();
      resolve(code ?? signal ?? 0);
    });
  });
}
