/** A machine that is booted again and again, and loses its power whenever it has promised something: qemu is killed. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CUT_MARK, LEDGER_FILE, POWER_ARGUMENT, type Result } from "../job.ts";
import { type MachineOptions, runMachine } from "../machine.ts";
import { Totals } from "../totals.ts";

export interface CutOptions {
  /** With a disk of its own, and a folder of this machine that it shares. */
  machine: MachineOptions & { ownDisk: string; shared: string };
  runtime: Result["runtime"];
  rounds: number;
  seed: number;
}

/** Cuts the power `rounds` times, fewer when something was lost; each is a test of the result. Rejects as `runMachine` does. */
export async function cutPower({ machine, runtime, rounds, seed }: CutOptions): Promise<Result> {
  const began = performance.now();
  const totals = new Totals();
  for (let boot = 0; boot <= rounds && totals.failed === 0; boot++) {
    const ledger = await bootUntilCut(machine, `${seed}:${boot}:${rounds}`, totals);
    if (ledger === undefined) break;
    await writeFile(join(machine.shared, LEDGER_FILE), ledger);
  }
  const { passed, failed, skipped } = totals;
  const missing = rounds - passed - failed;
  const error = missing > 0 ? `${missing} of ${rounds} cuts came to no result, seed ${seed}` : "";
  const seconds = Math.round((performance.now() - began) / 1000);
  return { suite: "power", runtime, passed, failed: failed + (missing > 0 ? 1 : 0), skipped, seconds, error };
}

/** What the machine had promised when its power went; undefined where it went off by itself. */
async function bootUntilCut(
  machine: MachineOptions,
  argument: string,
  totals: Totals,
): Promise<string | undefined> {
  const cut = new AbortController();
  let ledger: string | undefined;
  const onLine = (line: string) => {
    if (line.startsWith(CUT_MARK)) {
      ledger = line.slice(CUT_MARK.length);
      cut.abort();
    } else {
      totals.read(line);
      machine.onLine(line);
    }
  };
  const signal = AbortSignal.any([cut.signal, ...(machine.signal ? [machine.signal] : [])]);
  try {
    await runMachine({ ...machine, onLine, signal, kernelArguments: [`${POWER_ARGUMENT}=${argument}`] });
  } catch (error) {
    if (ledger === undefined) throw error;
  }
  return ledger;
}
