/** CreateContainer: root file system, config.json, and a process that waits to be started; all of it, or nothing. */
import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { ociCgroupsPath, type PodCgroup, podCgroup } from "../cgroups/paths.ts";
import { nowAfter } from "../clock.ts";
import type { ContainerConfig, ContainerMetadata, PodSandboxConfig } from "../cri/messages.ts";
import { messageOf } from "../cri/status-error.ts";
import { userOnHost } from "../linux/user-namespace.ts";
import { addLogFields, log } from "../log.ts";
import type { ImageRecord } from "../storage/image-record.ts";
import type { AdmittedImages } from "./admit-images.ts";
import {
  type ContainerContext,
  containerFolder,
  platformHandler,
  type RuntimeHandler,
  runtimeHandler,
} from "./context.ts";
import { handlerFeatures, requireUserNamespaces } from "./features.ts";
import { watchContainer } from "./follow-exits.ts";
import { mountImageVolumes } from "./image-mounts.ts";
import { prepareLog } from "./log-file.ts";
import type { ContainerRecord } from "./record.ts";
import { discardContainer } from "./remove.ts";
import { refusedCreation } from "./runtime-refusal.ts";
import { relabelMounts, relabelOwn } from "./selinux/relabel.ts";
import { stopSignal } from "./signals.ts";
import { buildContainerSpec, type SandboxFacts } from "./spec/container.ts";
import { addToSpec } from "./spec-additions.ts";
import { ownStdio } from "./stdio-owner.ts";
import { createTask, ownMonitorCgroup } from "./task.ts";
import { containerUser } from "./user.ts";

/** A container's request, with what its pod adds. */
export interface CreateRequest {
  config: ContainerConfig;
  images: AdmittedImages;
  requestDigest: string;
  sandboxConfig: PodSandboxConfig;
  sandbox: SandboxFacts;
  /** As the pod's RunPodSandbox named it. */
  runtimeHandler: string;
  /** On the host; empty for none. */
  logPath: string;
  targetPid?: number;
  /** Ends the making. */
  signal?: AbortSignal;
}

/** Creates a container. NOT_FOUND for an image that has gone. A failure leaves nothing. */
export async function createContainer(
  context: ContainerContext,
  asked: CreateRequest,
): Promise<ContainerRecord> {
  const { image, mounts } = asked.images;
  const request = { ...asked, config: { ...asked.config, mounts } };
  const handler = platformHandler(context, runtimeHandler(context, request.runtimeHandler), image.config);
  const { cgroupManager } = context.config.runtime;
  const pod = podCgroup(cgroupManager, request.sandboxConfig.linux?.cgroupParent ?? "");
  const siblings = [...context.store].filter((one) => one.podSandboxId === request.sandbox.id);
  const record = newRecord(request, image, handler, siblings);
  record.monitorCgroup = ownMonitorCgroup(context, handler, pod, record.id);
  addLogFields({ container_id: record.id });
  context.store.add(record);
  return context.locks.run(record.id, async () => {
    try {
      await build(context, record, request, { image, handler, pod });
      return record;
    } catch (error) {
      await discardContainer(context, record).catch((failure) =>
        log.error("a container that failed cannot be cleared away", { error: messageOf(failure) }),
      );
      throw error;
    }
  });
}

/** What the request's names stand for. */
interface Parts {
  image: ImageRecord;
  handler: RuntimeHandler;
  pod: PodCgroup;
}

async function build(
  context: ContainerContext,
  record: ContainerRecord,
  request: CreateRequest,
  { image, handler, pod }: Parts,
): Promise<void> {
  const { id } = record;
  const { config, sandboxConfig, sandbox, logPath, targetPid, signal } = request;
  const security = config.linux?.securityContext ?? null;
  const selinux = context.selinux.containerLabels(security, sandbox.selinux);
  const { idMappedLayers } = context.storage;
  const { userNamespace } = sandbox;
  if (userNamespace) await requireUserNamespaces(handler, idMappedLayers);
  const rootfs = context.storage.rootfs.mountRootfs(id, image.id, userNamespace, selinux?.mount);
  const imageVolumes = mountImageVolumes(context.storage.rootfs, id, config.mounts, userNamespace);
  const spec = buildContainerSpec({
    id,
    config,
    sandboxConfig,
    sandbox,
    image: image.config.config,
    rootfs,
    imageVolumes,
    cgroupsPath: ociCgroupsPath(pod, id),
    targetPid,
    apparmorProfile: await context.apparmor.profileOf(security),
    selinux,
    runtime: context.config.runtime,
    handler: { ...handler.config, ...(await handlerFeatures(handler, idMappedLayers)) },
    host: context.host,
    ignoreDeclaredVolumes: context.config.image.imageVolumes === "ignore",
  });
  await addToSpec(context, spec, {
    config,
    sandboxConfig,
    image: image.config.config,
    rootfs,
    userNamespace,
  });
  if (selinux) {
    await relabelMounts(config.mounts, selinux.mount);
    await relabelOwn(spec.mounts, dirname(rootfs), selinux.mount);
  }
  if (logPath !== "") prepareLog(sandboxConfig.logDirectory, logPath);
  const { stdin, stdinOnce, tty } = config;
  const bundle = containerFolder(context, id);
  const name = record.config.metadata.name;
  const task = await createTask(context, handler, pod, spec, {
    id,
    name,
    bundle,
    logPath,
    stdin,
    stdinOnce,
    tty,
    signal,
  }).catch((error) => {
    throw refusedCreation(error, config, spec.process.args);
  });
  const owner = userOnHost(userNamespace, spec.process.user);
  if (owner) ownStdio(task.process.pid, owner);
  const user = { linux: containerUser(spec.process.user) };
  context.store.update(record, { ...task, phase: "created", user });
  watchContainer(context, record);
}

/** `siblings` are the containers of the pod: the kubelet takes the youngest of a name for the one that counts. */
function newRecord(
  request: CreateRequest,
  image: ImageRecord,
  handler: RuntimeHandler,
  siblings: ContainerRecord[],
): ContainerRecord {
  const { config } = request;
  const { image: imageSpec, labels, annotations, mounts, stdin, stdinOnce, tty } = config;
  const metadata = config.metadata as ContainerMetadata;
  return {
    id: randomBytes(32).toString("hex"),
    podSandboxId: request.sandbox.id,
    config: { metadata, image: imageSpec, labels, annotations, mounts, stdin, stdinOnce, tty },
    requestDigest: request.requestDigest,
    resources: config.linux?.resources ?? null,
    runtime: handler.name,
    imageId: image.id,
    imageRef: image.repoDigests[0] ?? image.id,
    phase: "creating",
    createdAt: nowAfter(siblings.map((one) => one.createdAt)),
    startedAt: "0",
    finishedAt: "0",
    exitCode: 0,
    reason: "",
    message: "",
    logPath: request.logPath,
    user: null,
    stopSignal: stopSignal(config.stopSignal, image.config.config.StopSignal),
    process: null,
    monitor: null,
    monitorCgroup: "",
  };
}
