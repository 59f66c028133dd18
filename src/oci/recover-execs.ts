/** Ends the execs of a daemon that was killed: their clients are gone, so nobody waits for them any more. */
import { constants } from "node:os";
import { messageOf } from "../cri/status-error.ts";
import { signalProcess } from "../linux/process.ts";
import { scanProcesses } from "../linux/process-scan.ts";
import { log } from "../log.ts";
import { type ContainerContext, presentHandler } from "./context.ts";
import { killExecs } from "./exec-cgroup.ts";
import { ExecFiles, execFolder, execNames } from "./exec-files.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Kills what there is of execs, runtimes and all, and answers how many there were. To be called before there is a new one;
 * another daemon's cannot be among them.
 */
export async function endLeftExecs(context: ContainerContext): Promise<number> {
  let ended = 0;
  for (const { runtime } of context.handlers.values()) {
    const names = execNames(runtime);
    if (names.length === 0) continue;
    ended += names.length;
    log.warn("ending execs that a killed daemon has left", { runtime: runtime.name, count: names.length });
    for (const { id, phase, runtime: handler } of context.store) {
      if (phase !== "running" || presentHandler(context, handler).runtime !== runtime) continue;
      await killExecs(runtime, id, names).catch((error) =>
        log.warn("an exec that a killed daemon has left remains", {
          container_id: id,
          error: messageOf(error),
        }),
      );
    }
    killRuntimes(runtime);
    for (const name of names) new ExecFiles(runtime, name).remove();
  }
  return ended;
}

/** They end with their processes, but for those that were only about to begin one. */
function killRuntimes(runtime: Runtime): void {
  const folder = `${execFolder(runtime)}/`;
  for (const { identity, args } of scanProcesses()) {
    if (args.includes("exec") && args.some((arg) => arg.startsWith(folder)))
      signalProcess(identity, constants.signals.SIGKILL);
  }
}
