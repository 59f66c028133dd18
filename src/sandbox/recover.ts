/** Pods after a restart: the half-made are taken back, those that run adopted, and what nobody owns is removed. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { bootId } from "../linux/boot-id.ts";
import { isNamespace } from "../linux/namespaces.ts";
import { isAlive } from "../linux/process.ts";
import { log } from "../log.ts";
import { type Note, observeStep } from "../observation.ts";
import { volumeImageIds } from "../oci/image-mounts.ts";
import type { ContainerRecord } from "../oci/record.ts";
import { type Recovered, recoverContainers } from "../oci/recover.ts";
import { endLeftExecs } from "../oci/recover-execs.ts";
import { hasEnded } from "../oci/stop.ts";
import { RecoveryWork } from "../state/recovery-work.ts";
import type { ImageUser } from "../storage/storage.ts";
import { pinnedNamespaces, type SandboxContext, sandboxFolder } from "./context.ts";
import { removeSandboxFolder } from "./files.ts";
import { removeLeftCgroups } from "./left-cgroups.ts";
import { watchPause } from "./pause.ts";
import { keepFoldersPrivate } from "./private-folders.ts";
import { namespaceModes, type PodSandboxRecord } from "./record.ts";
import { discardSandbox, removePodSandbox } from "./remove.ts";
import { endUnowned, releaseUnowned, unownedIds } from "./set-aside.ts";
import { releaseFiles } from "./stop.ts";
import { endStrays } from "./strays.ts";

/** What the daemon's start found, for those who ask. */
export interface Recovery {
  sandboxes: Recovered;
  containers: Recovered;
  execs: Recovered;
  /** Records that could not be read, and were set aside in the database. */
  unreadable: number;
  durationMs: number;
}

/** Brings all records in step with the machine, before the first RPC is served. */
export function recover(context: SandboxContext): Promise<Recovery> {
  return observeStep("recovery", {}, (note) => recoverAll(context, note));
}

async function recoverAll(context: SandboxContext, note: Note<"recovery">): Promise<Recovery> {
  const started = performance.now();
  await endStrays(context);
  // While the records are as they are on disk: an end that is found now must be saved before its file goes.
  context.containers.exits.sweep((id) => isAwaited(context, id));
  await removeLeftCgroups(context);
  keepFoldersPrivate(context);
  const unowned = unownedIds(context);
  await endUnowned(context, unowned);
  context.containers.storage.adopt(imageUsers(context));
  const work = new RecoveryWork();
  const containers = await recoverContainers(context.containers, work);
  const execs: Recovered = { adopted: 0, ended: await endLeftExecs(context.containers), removed: 0 };
  const sandboxes: Recovered = { adopted: 0, ended: 0, removed: 0 };
  for (const record of context.store) context.podCgroups.adopt(record.cgroups);
  for (const record of [...context.store]) {
    work.add(async () => {
      try {
        const outcome = await recoverSandbox(context, record);
        if (outcome) sandboxes[outcome]++;
      } catch (error) {
        log.error("a pod sandbox cannot be recovered", { pod_id: record.id, error: messageOf(error) });
        if (record.phase === "creating") context.store.settle(record, { phase: "failed" });
      }
    });
  }
  await work.settled();
  sweep(context);
  work.add(() => freeNetworks(context));
  await work.settled();
  releaseUnowned(context, unowned);
  note({ sandboxes, containers, execs });
  const unreadable = context.store.unreadable + context.containers.store.unreadable;
  const durationMs = Math.round(performance.now() - started);
  log.info("recovered", { sandboxes, containers, execs: execs.ended, unreadable, duration_ms: durationMs });
  return { sandboxes, containers, execs, unreadable, durationMs };
}

function imageUsers({ store, containers }: SandboxContext): ImageUser[] {
  const ofContainer = (record: ContainerRecord): ImageUser => ({
    id: record.id,
    imageId: record.imageId,
    volumeImageIds: volumeImageIds(record),
  });
  return [...store, ...[...containers.store].map(ofContainer)];
}

async function recoverSandbox(
  context: SandboxContext,
  record: PodSandboxRecord,
): Promise<keyof Recovered | undefined> {
  switch (record.phase) {
    case "creating":
    case "failed":
      await context.locks.run(record.id, () => discardSandbox(context, record));
      return "removed";
    case "removing":
      await removePodSandbox(context, record);
      return "removed";
    case "notready":
      // Its network goes last but for these: the daemon may have been killed just then.
      if (namespaceModes(record.config).network !== "NODE" && !record.attached) releaseFiles(context, record);
      return undefined;
    case "ready":
      if (runs(context, record)) {
        watchPause(context, record);
        return "adopted";
      }
      context.store.settle(record, { phase: "notready" });
      return "ended";
  }
}

function runs(context: SandboxContext, record: PodSandboxRecord): boolean {
  if (record.boot !== undefined && record.boot !== bootId()) return false;
  if (record.process) return isAlive(record.process);
  // A node that is a container itself (kind) starts anew without another boot: all that was in memory is gone then.
  if (!existsSync(sandboxFolder(context, record.id))) return false;
  const { net } = pinnedNamespaces(context, record);
  return namespaceModes(record.config).network === "NODE" || (net !== undefined && isNamespace(net));
}

/** Removes the folders of pods and containers that have no record. */
function sweep(context: SandboxContext): void {
  const { containers } = context;
  const { runroot } = containers.config.crio;
  for (const id of names(join(runroot, "sandboxes"))) {
    if (!context.store.find(id)) removeSandboxFolder(join(runroot, "sandboxes", id));
  }
  for (const id of names(join(runroot, "containers"))) {
    if (!containers.store.find(id)) removeSandboxFolder(join(runroot, "containers", id));
  }
}

/** Frees the networks of pods that have no record. */
async function freeNetworks(context: SandboxContext): Promise<void> {
  const attachments = [...context.store]
    .filter(({ attached }) => attached)
    .map(({ id }) => ({ containerId: id, ifName: "eth0" }));
  await context.cni
    .gc(attachments)
    .catch((error) => log.warn("CNI networks without a pod remain", { error: messageOf(error) }));
}

/** Whether the end of a container or of a pause container is yet to be recorded. */
function isAwaited({ store, containers }: SandboxContext, id: string): boolean {
  const container = containers.store.find(id);
  return container ? !hasEnded(container) : store.find(id) !== undefined;
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
