/** Processes that a killed daemon had started for what is rolled back now: monitors half way, and CNI plugins. */
import { constants } from "node:os";
import { dirname } from "node:path";
import { signalProcess } from "../linux/process.ts";
import { type ScannedProcess, scanProcesses } from "../linux/process-scan.ts";
import { log } from "../log.ts";
import { containerFolder } from "../oci/context.ts";
import { type SandboxContext, sandboxFolder } from "./context.ts";

/**
 * Kills what works on pods and containers that have no record, or are only half made: their rollback must not race with it.
 * A monitor takes the runtime's command with it.
 */
export function killStrays(context: SandboxContext): void {
  const bundles = new Set([
    dirname(sandboxFolder(context, "id")),
    dirname(containerFolder(context.containers, "id")),
  ]);
  for (const process of scanProcesses()) {
    const id = monitored(process, bundles) ?? attached(process, context);
    if (id === undefined || isOwned(context, id)) continue;
    log.warn("killing a process of a container that was never finished", { id, pid: process.identity.pid });
    signalProcess(process.identity, constants.signals.SIGKILL);
  }
}

/** The container whose monitor this is: the option `-b` is a bundle of ours. */
function monitored({ args }: ScannedProcess, bundles: ReadonlySet<string>): string | undefined {
  const bundle = args[args.indexOf("-b") + 1] ?? "";
  return args.includes("-c") && bundles.has(dirname(bundle)) ? args[args.indexOf("-c") + 1] : undefined;
}

/** The pod that a CNI plugin works for, if it is one of ours. */
function attached({ environment }: ScannedProcess, { store }: SandboxContext): string | undefined {
  const id = environment.find((entry) => entry.startsWith("CNI_CONTAINERID="))?.split("=")[1];
  return id !== undefined && store.find(id) ? id : undefined;
}

function isOwned({ store, containers }: SandboxContext, id: string): boolean {
  const record = store.find(id) ?? containers.store.find(id);
  return record !== undefined && record.phase !== "creating" && record.phase !== "failed";
}
