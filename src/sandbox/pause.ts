/** A pod's pause container: it holds the PID namespace that containers may share, and its end is the pod's. */

import { status } from "@grpc/grpc-js";
import { ociCgroupsPath, type PodCgroup } from "../cgroups/paths.ts";
import type { PodSandboxConfig } from "../cri/messages.ts";
import { StatusError } from "../cri/status-error.ts";
import type { IdMappings } from "../linux/user-namespace.ts";
import { log } from "../log.ts";
import { type ContainerContext, type RuntimeHandler, runtimeHandler } from "../oci/context.ts";
import { handlerFeatures } from "../oci/features.ts";
import { handlerSettings } from "../oci/seccomp/filter.ts";
import { buildSandboxSpec } from "../oci/spec/sandbox.ts";
import { createTask } from "../oci/task.ts";
import { AuthFile } from "../registry/auth-file.ts";
import type { ImageRecord } from "../storage/image-record.ts";
import { pinnedNamespaces, type SandboxContext, sandboxFolder } from "./context.ts";
import { namespaceModes, type PodSandboxRecord } from "./record.ts";
import { podIdMappings } from "./user-namespace.ts";

/** The kubelet gives RunPodSandbox four minutes; what has come by then is kept for the next try. */
const PULL_MS = 180_000;

function tooLate(image: string): StatusError {
  return new StatusError(
    status.DEADLINE_EXCEEDED,
    `the pause image ${JSON.stringify(image)} could not be pulled in ${PULL_MS / 1000} s`,
  );
}

/** The pause image, pulled when absent; undefined for a pod that runs without a pause container. */
export async function preparePause(
  { containers }: SandboxContext,
  { config }: PodSandboxRecord,
  signal: AbortSignal,
): Promise<ImageRecord | undefined> {
  const { runtime, image } = containers.config;
  // Only a PID namespace needs a process to keep it; the others are pinned on files.
  if (runtime.dropInfraCtr && namespaceModes(config).pid !== "POD") return undefined;
  const present = containers.storage.images.find(image.pauseImage);
  if (present) return present;
  const auth = image.pauseImageAuthFile ? new AuthFile(image.pauseImageAuthFile) : undefined;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(tooLate(image.pauseImage)), PULL_MS);
  try {
    const either = AbortSignal.any([signal, late.signal]);
    return await containers.storage.pull(image.pauseImage, { namespacedAuth: () => auth, signal: either });
  } finally {
    clearTimeout(timer);
  }
}

/** Creates and starts the pause container in namespaces that exist. */
export async function startPause(
  context: SandboxContext,
  record: PodSandboxRecord,
  cgroup: PodCgroup,
  image: ImageRecord,
  signal: AbortSignal,
): Promise<void> {
  const { containers } = context;
  const { config, id } = record;
  const handler = runtimeHandler(containers, record.runtimeHandler);
  const rootfs = containers.storage.rootfs.mountReadOnly(id, image.id);
  const spec = buildSandboxSpec({
    id,
    config,
    image: image.config.config,
    pauseCommand: containers.config.image.pauseCommand,
    rootfs,
    pinned: pinnedNamespaces(context, record),
    idMappings: await specMappings(containers, handler, config),
    cgroupsPath: ociCgroupsPath(cgroup, id),
    allowedAnnotations: handler.config.allowedAnnotations,
    defaultAnnotations: handler.config.defaultAnnotations,
    selinux: record.selinux,
    apparmorProfile: await containers.apparmor.profileOf(config.linux?.securityContext),
    seccompSettings: handlerSettings(containers.config.runtime, handler.config),
    host: containers.host,
  });
  // At once, so that a failure of what comes next, or beside it, knows what to kill.
  Object.assign(
    record,
    await createTask(containers, handler, cgroup, spec, {
      id,
      name: config.metadata.name,
      bundle: sandboxFolder(context, id),
      logPath: "",
      stdin: false,
      stdinOnce: false,
      tty: false,
      signal,
    }),
  );
  await handler.runtime.start(id);
}

/** The mappings that config.json must have. */
async function specMappings(
  { storage }: ContainerContext,
  handler: RuntimeHandler,
  config: PodSandboxConfig,
): Promise<IdMappings | undefined> {
  const mappings = podIdMappings(config);
  if (!mappings) return undefined;
  const { readsMappings } = await handlerFeatures(handler, storage.idMappedLayers);
  return readsMappings ? undefined : mappings;
}

/** Without its pause container a pod is not ready: the kubelet will stop it and make another. */
export function watchPause(context: SandboxContext, record: PodSandboxRecord): void {
  if (!record.process) return;
  context.containers.processes.watch(record.process.pid).then(() => {
    if (!context.store.has(record) || record.phase !== "ready") return;
    log.warn("a pause container ended", { pod_id: record.id });
    context.store.settle(record, { phase: "notready" });
  });
}
