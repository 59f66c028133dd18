/** What a daemon should hold of the machine, by its records. */
import { join } from "node:path";
import { podCgroup } from "../../../src/cgroups/paths.ts";
import { isAlive, type ProcessIdentity } from "../../../src/linux/process.ts";
import { volumeImageIds } from "../../../src/oci/image-mounts.ts";
import type { ContainerRecord } from "../../../src/oci/record.ts";
import { namespaceModes, type PodSandboxRecord } from "../../../src/sandbox/record.ts";
import { podIdMappings } from "../../../src/sandbox/user-namespace.ts";
import { cgroupManager } from "../daemon.ts";
import { numbered } from "./found.ts";
import { type Expectation, Holdings } from "./holdings.ts";
import type { Recorded } from "./records.ts";

export interface AuditOptions {
  /** Whether the machine may have been rebooted since the pods were made: what was in memory is gone. */
  rebooted?: boolean;
  /** Whether a pull that failed may have left the beginning of a blob for the next attempt: a daemon's start removes it. */
  unfinishedBlobs?: boolean;
}

const fixedFiles = [
  ...["state.db", "state.db-wal", "state.db-reserve", "critter.lock", "cni", "storage"].map(
    (name) => `root/${name}`,
  ),
  // What a damaged database was set aside as.
  ...["", "-wal", "-shm"].map((suffix) => `root/state.db-damaged${suffix}`),
  ...["sandboxes", "containers", "persist", "exits", "runtimes", "critter.lock"].map(
    (name) => `runroot/${name}`,
  ),
  ...["overlay", "overlay-containers", "overlay-shared", "overlay-mapped", "overlay-empty"].map(
    (name) => `root/storage/${name}`,
  ),
  ...["root/storage/overlay-scaffold", "root/storage/blobs", "root/storage/blobs/sha256"],
];

/** What the records ask for. */
export function expectedHoldings(records: Recorded, options: AuditOptions): Expectation {
  const expectation = { required: new Holdings(), allowed: new Holdings() };
  const { allowed, required } = expectation;
  for (const record of records.sandboxes) expectSandbox(record, expectation, options);
  for (const record of records.containers) expectContainer(record, expectation, options);
  expectContainerCgroups(records, expectation);
  expectCgroupParents(records.sandboxes, expectation);
  const attached = records.sandboxes.filter((record) => record.attached);
  required.add(
    "port of the bridge",
    ...numbered(attached.filter((record) => record.phase === "ready").length),
  );
  allowed.add("port of the bridge", ...numbered(attached.length));
  required.add("layer's folder", ...records.layers.map(({ folder }) => folder));
  expectImages(records, expectation);
  allowed.add("other file", ...fixedFiles);
  // Of a daemon with the option `tmpfs`, or whose folders are filesystems that a test can fill, or take away in a reboot.
  allowed.add("mount", "", "runroot", "namespaces", "root", "logs", "leases");
  return expectation;
}

function expectSandbox(record: PodSandboxRecord, expectation: Expectation, options: AuditOptions) {
  const { required, allowed } = expectation;
  const { id, config, phase, attached, process, monitor } = record;
  const modes = namespaceModes(config);
  const isReady = phase === "ready";
  const wanted = isReady ? required : allowed;
  // A pod that was stopped has given back all of this; one whose pause container ended, not yet.
  if (isReady || attached || modes.network === "NODE") {
    if (modes.ipc !== "NODE") {
      wanted.add("mount", `runroot/sandboxes/${id}/shm`, `namespaces/ipcns/${id}`);
      wanted.add("namespace", `ipcns/${id}`);
    }
    if (modes.network !== "NODE") {
      wanted.add("mount", `namespaces/netns/${id}`, `namespaces/utsns/${id}`);
      wanted.add("namespace", `netns/${id}`, `utsns/${id}`);
    }
    if (podIdMappings(config)) {
      wanted.add("mount", `namespaces/userns/${id}`);
      wanted.add("namespace", `userns/${id}`);
    }
  }
  if (attached) for (const kind of ["lease", "attachment", "network rule"] as const) wanted.add(kind, id);
  (options.rebooted ? allowed : required).add("sandbox folder", id);
  if (isReady && process) {
    required.add("persist folder", id);
    required.add("runtime's state", id);
    if (!runs(process)) required.add("process", `the pause process of ${id}`);
    if (monitor) required.add("monitor", id);
  } else {
    // The runtime's part of the pause container goes with the pod.
    for (const kind of ["persist folder", "runtime's state", "exit file"] as const) allowed.add(kind, id);
  }
  const runsPause = isReady && process !== undefined;
  expectTaskCgroup(expectation, config.linux?.cgroupParent, id, runsPause ? "required" : "allowed");
  if (record.monitorCgroup) allowed.add("cgroup", record.monitorCgroup);
  required.add("listed pod", `${id} ${isReady ? "SANDBOX_READY" : "SANDBOX_NOTREADY"}`);
  if (phase === "creating" || phase === "removing") required.add("listed pod", `${id} is ${phase}`);
}

const listedStates: Partial<Record<ContainerRecord["phase"], string>> = {
  created: "CONTAINER_CREATED",
  running: "CONTAINER_RUNNING",
  exited: "CONTAINER_EXITED",
};

function expectContainer(record: ContainerRecord, { required, allowed }: Expectation, options: AuditOptions) {
  const { id, phase, process } = record;
  const kept = options.rebooted ? allowed : required;
  kept.add("bundle", id);
  kept.add("mount", `root/storage/overlay-containers/${id}/rootfs`);
  for (const image of volumeImageIds(record)) {
    kept.add("mount", `root/storage/overlay-containers/${id}/volumes/${image.replace("sha256:", "")}`);
  }
  required.add("root filesystem", id);
  const lives = phase === "created" || phase === "running";
  const ofTask = lives ? required : allowed;
  if (lives || process) {
    for (const kind of ["persist folder", "runtime's state", "monitor"] as const) ofTask.add(kind, id);
  }
  if (lives && process && !runs(process)) required.add("process", `the process of ${id}`);
  if (record.monitorCgroup) allowed.add("cgroup", record.monitorCgroup);
  required.add("listed container", `${id} ${listedStates[phase] ?? `is ${phase}`}`);
}

function expectImages({ images, layers, sandboxes }: Recorded, { required, allowed }: Expectation): void {
  const known = new Set(layers.map(({ chainId }) => chainId));
  const held = new Set(images.flatMap((image) => image.layers));
  for (const { id, removed } of images) {
    const name = id.replace("sha256:", "");
    allowed.add("shared mount", name);
    allowed.add("mount", `root/storage/overlay-shared/${name}`);
    if (!removed) required.add("listed image", id);
  }
  for (const { phase, imageId } of sandboxes) {
    if (phase !== "ready" || imageId === "") continue;
    required.add("mount", `root/storage/overlay-shared/${imageId.replace("sha256:", "")}`);
  }
  for (const chainId of held) if (!known.has(chainId)) required.add("layer's folder", `of ${chainId}`);
  for (const chainId of known)
    if (!held.has(chainId)) required.add("layer's folder", `${chainId} of an image`);
}

/** Containers' cgroups are checked by their pods' parents, which are in the records of the pods alone. */
function expectContainerCgroups({ containers, sandboxes }: Recorded, expectation: Expectation): void {
  for (const { id, podSandboxId, phase, process } of containers) {
    const pod = sandboxes.find((sandbox) => sandbox.id === podSandboxId);
    const parent = pod?.config.linux?.cgroupParent;
    if (phase === "created" || phase === "running") expectTaskCgroup(expectation, parent, id, "required");
    else if (process) expectTaskCgroup(expectation, parent, id, "allowed");
  }
}

function expectCgroupParents(sandboxes: PodSandboxRecord[], { allowed }: Expectation): void {
  for (const { config, cgroups } of sandboxes) {
    allowed.add("cgroup", ...cgroups);
    const { path } = podCgroup(cgroupManager, config.linux?.cgroupParent ?? "");
    for (let at = path; at !== "/"; at = join(at, "..")) allowed.add("cgroup", at);
  }
}

/** The cgroup of a container, pauses too. crun keeps it in one below. */
function expectTaskCgroup(
  expectation: Expectation,
  parent: string | undefined,
  id: string,
  kind: keyof Expectation,
): void {
  const { path } = podCgroup(cgroupManager, parent ?? "");
  const cgroup = join(path, cgroupManager === "systemd" ? `critter-${id}.scope` : id);
  expectation[kind].add("cgroup", cgroup);
  expectation.allowed.add("cgroup", join(cgroup, "container"));
}

/** Whatever boot the daemon takes this one for. */
function runs({ pid, startTime }: ProcessIdentity): boolean {
  return isAlive({ pid, startTime });
}
