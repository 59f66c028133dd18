/** What critter remembers of a container. */
import type {
  ContainerConfig,
  ContainerMetadata,
  ContainerState,
  ContainerUser,
  LinuxContainerResources,
  Signal,
} from "../cri/messages.ts";
import type { ProcessIdentity } from "../linux/process.ts";
import {
  absentOr,
  fields,
  isId,
  isInteger,
  isObject,
  isString,
  isTime,
  listOf,
  mapOf,
  nullOr,
  oneOf,
} from "../state/fields.ts";

/** `creating` and `removing` are intents: after a crash the one is rolled back, the other finished. */
export type ContainerPhase = "creating" | "created" | "running" | "exited" | "removing";

/** What is kept of a request: not its environment, which may hold secrets and is in config.json anyway. */
export type KeptConfig = Pick<
  ContainerConfig,
  "image" | "labels" | "annotations" | "mounts" | "stdin" | "stdinOnce" | "tty"
> & { metadata: ContainerMetadata };

/** A container as runtime and monitor know it; both null until it is created, and once the runtime has deleted it. */
export interface Task {
  process: ProcessIdentity | null;
  monitor: ProcessIdentity | null;
  /** The cgroup that was made for the monitor alone; empty for none. */
  monitorCgroup: string;
}

/** A container, as it is kept in the database. Times are ns since the epoch, "0" for what has not happened. */
export interface ContainerRecord extends Task {
  id: string;
  podSandboxId: string;
  config: KeptConfig;
  /** Digest of the whole request, by which a retry is known. */
  requestDigest: string;
  /** As requested, and as UpdateContainerResources changed them. */
  resources: LinuxContainerResources | null;
  /** Name of the runtime handler in the configuration. */
  runtime: string;
  imageId: string;
  /** What `image_ref` of the CRI reports: a digest reference of the image, or its id. */
  imageRef: string;
  phase: ContainerPhase;
  createdAt: string;
  startedAt: string;
  finishedAt: string;
  exitCode: number;
  /** Reason and message of an end that was not the process's own doing; empty otherwise. */
  reason: string;
  message: string;
  /** On the host; empty when no log was asked for. */
  logPath: string;
  user: ContainerUser | null;
  stopSignal: Signal;
}

const isProcess = nullOr(fields({ pid: isInteger, startTime: isInteger, boot: absentOr(isString) }));

/** The fields of a task, as records have them. */
export const taskFields = { process: isProcess, monitor: isProcess, monitorCgroup: isString };

/** What the CRI's metadata have in common. */
export const isMetadata = fields({ name: (value) => isString(value) && value !== "", attempt: isInteger });

const isRecord = fields({
  ...taskFields,
  id: isId,
  podSandboxId: isId,
  config: fields({
    metadata: isMetadata,
    image: nullOr(isObject),
    labels: mapOf(isString),
    annotations: mapOf(isString),
    mounts: listOf(isObject),
  }),
  requestDigest: isString,
  resources: nullOr(isObject),
  runtime: isString,
  imageId: isString,
  imageRef: isString,
  phase: oneOf(["creating", "created", "running", "exited", "removing"] satisfies ContainerPhase[]),
  createdAt: isTime,
  startedAt: isTime,
  finishedAt: isTime,
  exitCode: isInteger,
  reason: isString,
  message: isString,
  logPath: isString,
  user: nullOr(isObject),
  stopSignal: isString,
});

/** Whether a record read back is one of ours. */
export function isContainerRecord(value: unknown): value is ContainerRecord {
  return isRecord(value);
}

/** What no two containers may share. */
export function containerName(podSandboxId: string, { name, attempt }: ContainerMetadata): string {
  return `${podSandboxId}/${name}/${attempt}`;
}

const states: Record<ContainerPhase, ContainerState> = {
  creating: "CONTAINER_UNKNOWN",
  created: "CONTAINER_CREATED",
  running: "CONTAINER_RUNNING",
  exited: "CONTAINER_EXITED",
  removing: "CONTAINER_EXITED",
};

/** The state the CRI gives a container of this phase. */
export function containerState(phase: ContainerPhase): ContainerState {
  return states[phase];
}

/** The reason of a container of which the kernel killed a process for want of memory. */
export const OOM_KILLED = "OOMKilled";
/** The reason of a container whose monitor has ended before it: nobody can tell how it did. */
export const UNKNOWN_END = "Unknown";

/** Why an exited container ended: its own reason, or what the exit code says. */
export function exitReason({ phase, reason, exitCode }: ContainerRecord): string {
  if (phase !== "exited" && phase !== "removing") return "";
  if (reason) return reason;
  return exitCode === 0 ? "Completed" : "Error";
}
