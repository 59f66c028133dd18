/** The suites, each a command whose closing lines are counted. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Job, OciRuntime, Result, Suite } from "../job.ts";
import { Totals } from "../totals.ts";
import { type CritterService, SOCKET } from "./service.ts";

const CHECKOUT = join(import.meta.dirname, "..", "..", "..");
const FILE_PATIENCE_MS = 300_000;

/** The command, and its option for names. */
const SPECS = {
  critest: { command: ["test/critest/run.ts", "--socket", SOCKET], names: "--focus" },
  conformance: { command: ["test/conformance/run.ts", "--runtime-endpoint", SOCKET], names: "--only" },
};

/** Runs the suite and prints what it prints. */
export function runSuite(
  suite: Suite,
  runtime: OciRuntime,
  job: Job,
  service: CritterService,
): Promise<Result> {
  return resultOf(suite, runtime, () =>
    isSpecs(suite)
      ? specs(suite, job, service)
      : suite === "kubelet"
        ? underKubelet(runtime, job)
        : endToEnd(suite, runtime, job),
  );
}

/** What a suite has come to. What it cannot even start counts as one failure. */
export async function resultOf(
  suite: Suite,
  runtime: OciRuntime,
  run: () => Promise<Totals>,
): Promise<Result> {
  const began = performance.now();
  let totals = new Totals();
  let error = "";
  try {
    totals = await run();
    if (totals.count === 0) error = "no tests ran";
  } catch (failure) {
    error = (failure as Error).message;
  }
  if (error !== "") console.log(`${suite} with ${runtime}: ${error}`);
  const { passed, skipped } = totals;
  const failed = totals.failed + (error === "" ? 0 : 1);
  return {
    suite,
    runtime,
    passed,
    failed,
    skipped,
    seconds: Math.round((performance.now() - began) / 1000),
    error,
  };
}

type Specs = keyof typeof SPECS;

function isSpecs(suite: Suite): suite is Specs {
  return suite in SPECS;
}

async function specs(suite: Specs, job: Job, service: CritterService): Promise<Totals> {
  try {
    await service.start();
    const { command, names } = SPECS[suite];
    return await count(job.names === "" ? command : [...command, names, job.names]);
  } finally {
    await service.stop();
    if (job.log) console.log(await service.log());
  }
}

async function endToEnd(suite: Suite, runtime: OciRuntime, job: Job): Promise<Totals> {
  const files = globSync("test/e2e/*.test.ts", { cwd: CHECKOUT }).sort();
  const chosen = files.filter((file) => isChosen(file, suite, job));
  if (chosen.length === 0) throw new Error("there are no such tests");
  const names = job.names === "" ? [] : [`--test-name-pattern=/${job.names}/i`];
  const options = ["--test", "--test-concurrency=1", `--test-timeout=${FILE_PATIENCE_MS * job.slow}`];
  const totals = new Totals();
  // One after the other: why a test failed is printed at the end of a command, and hours would be long to wait.
  for (const file of chosen) await count([...options, ...names, file], testEnv(runtime, job), totals);
  return totals;
}

async function underKubelet(runtime: OciRuntime, job: Job): Promise<Totals> {
  const only = job.files.flatMap((part) => ["--only", part]);
  return count(["test/kubelet/run.ts", ...only], testEnv(runtime, job));
}

/** What tests that start daemons themselves are told. */
export function testEnv(runtime: OciRuntime, { cgroupManager }: Job): NodeJS.ProcessEnv {
  const program = execFileSync("which", [runtime], { encoding: "utf8" }).trim();
  return { CRITTER_TEST_RUNTIME: program, CRITTER_TEST_CGROUP_MANAGER: cgroupManager };
}

function isChosen(file: string, suite: Suite, { files }: Job): boolean {
  if ((suite === "apparmor") !== file.includes("apparmor")) return false;
  return files.length === 0 || files.some((part) => file.includes(part));
}

/** Runs Node with these arguments in the checkout, prints what it prints, and adds what it counts. */
export async function count(
  args: string[],
  env: NodeJS.ProcessEnv = {},
  totals: Totals = new Totals(),
): Promise<Totals> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
    cwd: CHECKOUT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    totals.read(line);
    console.log(line);
  });
  await once(child, "close");
  return totals;
}
