/** RunPodSandbox: namespaces first, then CNI and the pause container side by side; all of it, or nothing. */
import { randomBytes } from "node:crypto";
import { hostname as nodeName } from "node:os";
import { status } from "@grpc/grpc-js";
import { type PodCgroup, podCgroup } from "../cgroups/paths.ts";
import { nowAfter } from "../clock.ts";
import { requestDigest } from "../cri/request-digest.ts";
import { messageOf, StatusError } from "../cri/status-error.ts";
import { bootId } from "../linux/boot-id.ts";
import { makePrivateFolder } from "../linux/private-folder.ts";
import { rootOf } from "../linux/user-namespace.ts";
import { addLogFields, log } from "../log.ts";
import { observeStep, tellIncident } from "../observation.ts";
import { runtimeHandler } from "../oci/context.ts";
import { requireUserNamespaces } from "../oci/features.ts";
import type { SelinuxLabels } from "../oci/selinux/selinux.ts";
import { ownMonitorCgroup } from "../oci/task.ts";
import { pinnedNamespaces, type SandboxContext, sandboxFolder } from "./context.ts";
import { labelSandboxFiles, makeSandboxFiles, writePodAddresses } from "./files.ts";
import { podAttachment } from "./network.ts";
import { preparePause, startPause, watchPause } from "./pause.ts";
import { namespaceModes, type PodSandboxRecord, type SandboxConfig, sandboxName } from "./record.ts";
import { discardSandbox, removePodSandbox } from "./remove.ts";
import { checkPodMemory, limitPod, podLimits } from "./resources.ts";
import { shmSize } from "./shm-size.ts";
import { podSysctls } from "./sysctls.ts";
import { podIdMappings, podUserNamespace } from "./user-namespace.ts";

/**
 * Runs a pod sandbox. A second call with the same request waits for the first, or is given the sandbox that runs already;
 * the same name with another request is ALREADY_EXISTS. A failure leaves nothing; a stop of the pod meanwhile is one, ABORTED.
 */
export async function runPodSandbox(
  context: SandboxContext,
  config: SandboxConfig,
  handler: string,
): Promise<PodSandboxRecord> {
  const name = sandboxName(config.metadata);
  const digest = requestDigest(config, handler);
  if (context.starting.has(name)) tellIncident("creation.joined", { stage: "sandbox creating" });
  const record = await context.starting.run(name, async () => {
    const present = context.store.first((record) => sandboxName(record.config.metadata) === name);
    if (present && !isLeftOver(present)) return present;
    if (present) await removePodSandbox(context, present);
    return makeSandbox(context, config, handler, digest);
  });
  if (record.requestDigest === digest && record.phase === "ready") return record;
  throw new StatusError(
    status.ALREADY_EXISTS,
    `config.metadata names pod ${name} (namespace/name/uid/attempt): sandbox ${record.id} has that name`,
  );
}

/** A pod that nobody can use any more: its name is free once it has been taken away. `creating` is one that a killed daemon has left. */
function isLeftOver({ phase }: PodSandboxRecord): boolean {
  return phase === "creating" || phase === "failed" || phase === "removing";
}

async function makeSandbox(
  context: SandboxContext,
  config: SandboxConfig,
  handler: string,
  digest: string,
): Promise<PodSandboxRecord> {
  const { containers } = context;
  if (podIdMappings(config)) {
    await requireUserNamespaces(runtimeHandler(containers, handler), containers.storage.idMappedLayers);
  }
  const cgroup = podCgroup(containers.config.runtime.cgroupManager, config.linux?.cgroupParent ?? "");
  const id = randomBytes(32).toString("hex");
  const record: PodSandboxRecord = {
    id,
    config,
    runtimeHandler: handler,
    requestDigest: digest,
    createdAt: nowAfter(creationTimes(context, config)),
    boot: bootId(),
    phase: "creating",
    attached: namespaceModes(config).network !== "NODE",
    ips: [],
    imageId: "",
    cgroups: context.podCgroups.plan(cgroup),
    selinux: podLabels(context, config),
    process: null,
    monitor: null,
    monitorCgroup: ownMonitorCgroup(containers, runtimeHandler(containers, handler), cgroup, id),
  };
  addLogFields({ pod_id: id });
  context.store.add(record);
  const making = (stopped: AbortSignal) =>
    context.locks.run(id, async () => {
      try {
        await build(context, record, cgroup, stopped);
        return record;
      } catch (error) {
        await discardFailed(context, record);
        throw stopped.aborted ? stopped.reason : error;
      }
    });
  return context.making.run(id, making);
}

async function discardFailed(context: SandboxContext, record: PodSandboxRecord): Promise<void> {
  try {
    await discardSandbox(context, record);
  } catch (error) {
    log.error("a pod sandbox that failed cannot be cleared away", { error: messageOf(error) });
    context.store.settle(record, { phase: "failed" });
  }
}

async function build(
  context: SandboxContext,
  record: PodSandboxRecord,
  cgroup: PodCgroup,
  stopped: AbortSignal,
): Promise<void> {
  const { config } = record;
  const { runtime } = context.containers.config;
  const modes = namespaceModes(config);
  const image = await preparePause(context, record, stopped);
  record.imageId = image?.id ?? "";
  const hostname = podHostname(record);
  const folder = sandboxFolder(context, record.id);
  const sysctls = podSysctls(config, runtime.defaultSysctls);
  const limits = podLimits(context, { overhead: null, resources: null, ...config.linux }, "config.linux.");
  const pinned = pinnedNamespaces(context, record);
  const { allowedAnnotations } = runtimeHandler(context.containers, record.runtimeHandler).config;
  const shmBytes = shmSize(config, allowedAnnotations);
  const user = podUserNamespace(context, record);

  await observeStep("pod.namespaces", {}, () =>
    context.namespaces.create({ ...pinned, user, hostname, sysctls: sysctls.early }),
  );
  record.cgroups = context.podCgroups.create(cgroup);
  await limitPod(context, record, limits);
  checkPodMemory(context, record, cgroup);
  makePrivateFolder(folder, rootOf(user).gid);
  // The longest goes first, and the files are written while both work.
  const pausing = image && startPause(context, record, cgroup, image, stopped);
  const attaching = attach(context, record, stopped);
  const writing = Promise.try(makeSandboxFiles, folder, {
    hostname,
    dns: config.dnsConfig,
    hostNetwork: modes.network === "NODE",
    hostIpc: modes.ipc === "NODE",
    shmBytes,
    owner: rootOf(user),
  });
  // All are over before the failure of one is handled: nothing may be cleared away under a plugin that still runs.
  const outcomes = await Promise.allSettled([pausing, attaching, writing]);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  const [ips, files] = await Promise.all([attaching, writing]);

  if (record.selinux) labelSandboxFiles(files, folder, record.selinux.mount);
  if (ips.length > 0) writePodAddresses(files, hostname, ips);
  await context.namespaces.writeSysctls({ net: pinned.net }, sysctls.late);
  context.store.update(record, { phase: "ready", ips });
  watchPause(context, record);
}

/** Of the pod's sandboxes: the kubelet takes the youngest for the one that counts. */
function creationTimes({ store }: SandboxContext, { metadata }: SandboxConfig): string[] {
  return [...store].filter((one) => one.config.metadata.uid === metadata.uid).map((one) => one.createdAt);
}

/** Unlike those of all other pods. */
function podLabels({ containers, store }: SandboxContext, config: SandboxConfig): SelinuxLabels | undefined {
  const taken = [...store].flatMap(({ selinux }) => selinux?.mount ?? []);
  const onHostNetwork = namespaceModes(config).network === "NODE";
  return containers.selinux.podLabels(config.linux?.securityContext ?? null, onHostNetwork, taken);
}

async function attach(
  context: SandboxContext,
  record: PodSandboxRecord,
  stopped: AbortSignal,
): Promise<string[]> {
  if (!record.attached) return [];
  const started = performance.now();
  try {
    const { ips } = await context.cni.add(podAttachment(context, record), stopped);
    tellIncident("pod.attached", { durationMs: performance.now() - started });
    return ips;
  } catch (error) {
    record.attached = context.cni.owes(record.id);
    throw error;
  }
}

/** The name inside the pod: a pod on the host's network has the node's, one without a name the first half of its id's. */
export function podHostname({ id, config }: PodSandboxRecord): string {
  if (namespaceModes(config).network === "NODE") return nodeName();
  return config.hostname || id.slice(0, 12);
}
