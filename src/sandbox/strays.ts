/** Processes that a killed daemon had started: monitors half way, runtimes' commands and CNI plugins. */
import { constants } from "node:os";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, type ProcessIdentity, signalProcess } from "../linux/process.ts";
import { ownPidNamespace, type ScannedProcess, scanProcesses } from "../linux/process-scan.ts";
import { log } from "../log.ts";
import { containerFolder } from "../oci/context.ts";
import { type SandboxContext, sandboxFolder } from "./context.ts";

/** What works on a container that stays is let finish: half of it could neither be taken back nor done again. It takes milliseconds. */
const PATIENCE_MS = 5_000;
const STEP_MS = 5;
/** Those that change a container. What only looks may be an administrator's, and execs are ended by `endLeftExecs`. */
const commands = new Set(["create", "start", "kill", "delete", "update"]);
/** One that is killed may just have started another. */
const MAX_SCANS = 20;

/**
 * Ends what works on pods and containers, and returns when it is gone: recovery must not race with it. Monitors and runtimes of
 * what has no record, or is only half made, are killed, and CNI plugins always, for what they do is done again.
 */
export async function endStrays(context: SandboxContext): Promise<void> {
  const patient = performance.now() + PATIENCE_MS;
  for (let scan = 0; scan < MAX_SCANS; scan++) {
    const strays = findStrays(context);
    if (strays.length === 0) return;
    await Promise.all(strays.map((stray) => end(stray, patient)));
  }
}

interface Stray {
  id: string;
  identity: ProcessIdentity;
  mayFinish: boolean;
}

function findStrays(context: SandboxContext): Stray[] {
  const { containers } = context;
  const bundles = new Set([
    dirname(sandboxFolder(context, "id")),
    dirname(containerFolder(containers, "id")),
  ]);
  const roots = new Set([...containers.handlers.values()].map(({ runtime }) => runtime.root));
  return scanProcesses().flatMap((process): Stray[] => {
    const stray = asStray(context, process, bundles, roots);
    // What runs in a container can have any arguments, and any environment.
    return stray && process.pidNamespace === ownPidNamespace() ? [stray] : [];
  });
}

function asStray(
  context: SandboxContext,
  process: ScannedProcess,
  bundles: ReadonlySet<string>,
  roots: ReadonlySet<string>,
): Stray | undefined {
  const stray = (id: string, mayFinish: boolean) => ({ id, identity: process.identity, mayFinish });
  const id = monitored(process, bundles);
  if (id !== undefined) return isOwned(context, id) ? undefined : stray(id, false);
  const ordered = commanded(process, roots);
  if (ordered !== undefined) return stray(ordered, isOwned(context, ordered));
  const plugged = attached(process, context);
  return plugged === undefined ? undefined : stray(plugged, false);
}

async function end({ id, identity, mayFinish }: Stray, patient: number): Promise<void> {
  while (mayFinish && isAlive(identity) && performance.now() < patient) await sleep(STEP_MS);
  if (!isAlive(identity)) return;
  log.warn("killing a process that a killed daemon has left", { id, pid: identity.pid });
  signalProcess(identity, constants.signals.SIGKILL);
  for (let waited = 0; waited < PATIENCE_MS && isAlive(identity); waited += STEP_MS) await sleep(STEP_MS);
}

/** The container whose monitor this is: the option `-b` is a bundle of ours. */
function monitored({ args }: ScannedProcess, bundles: ReadonlySet<string>): string | undefined {
  const bundle = args[args.indexOf("-b") + 1] ?? "";
  return args.includes("-c") && bundles.has(dirname(bundle)) ? args[args.indexOf("-c") + 1] : undefined;
}

/** The container that a runtime's command is about: `--root` is a handler's. */
function commanded({ args }: ScannedProcess, roots: ReadonlySet<string>): string | undefined {
  const root = args[args.indexOf("--root") + 1] ?? "";
  const isOurs = args.includes("--root") && roots.has(root) && args.some((arg) => commands.has(arg));
  return isOurs ? basename(args.at(-1)!) : undefined;
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
