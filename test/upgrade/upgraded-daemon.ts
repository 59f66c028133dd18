/** A daemon of one version under test that goes on as another, in the same folder. */
import { renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, type DaemonOptions, startDaemon } from "../support/daemon.ts";

const today = join(import.meta.dirname, "..", "..", "bin", "critter");
const LINK = "critter-to-run";

/** Starts `program` in a folder of its own; `upgrade` says what the next start runs. */
export function startEarlier(program: string, options: DaemonOptions): Promise<Daemon> {
  return startDaemon({
    ...options,
    launcher: (folder) => {
      const link = join(folder, LINK);
      symlinkSync(program, link);
      return [link];
    },
  });
}

/** From now on this checkout's critter is started. */
export function upgrade({ folder }: Daemon): void {
  const link = join(folder, LINK);
  symlinkSync(today, `${link}.new`);
  renameSync(`${link}.new`, link);
}
