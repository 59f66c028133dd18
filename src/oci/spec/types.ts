/**
 * config.json of the OCI runtime specification 1.0.2, the parts that critter writes. Names are the
 * specification's.
 */

/** The version of the specification that these files follow. */
export const ociVersion = "1.0.2";

export interface Spec {
  ociVersion: string;
  process: Process;
  root: { path: string; readonly: boolean };
  hostname?: string;
  mounts: Mount[];
  annotations: Record<string, string>;
  hooks?: Partial<Record<HookStage, Hook[]>>;
  linux: Linux;
}

/** When the runtime runs a hook. */
export type HookStage =
  | "prestart"
  | "createRuntime"
  | "createContainer"
  | "startContainer"
  | "poststart"
  | "poststop";

/** A program of the host's, or for `startContainer` of the container's. */
export interface Hook {
  path: string;
  /** With the program's name, as execve(2) takes them. */
  args?: string[];
  env?: string[];
  /** In seconds. */
  timeout?: number;
}

export interface Process {
  terminal: boolean;
  /** Of the terminal, in characters. */
  consoleSize?: { width: number; height: number };
  user: User;
  args: string[];
  env: string[];
  cwd: string;
  capabilities: Capabilities;
  rlimits?: Rlimit[];
  noNewPrivileges: boolean;
  oomScoreAdj: number;
  apparmorProfile?: string;
  selinuxLabel?: string;
}

export interface User {
  uid: number;
  gid: number;
  additionalGids: number[];
}

/** Names with their `CAP_`. */
export interface Capabilities {
  bounding: string[];
  effective: string[];
  permitted: string[];
  inheritable: string[];
  ambient: string[];
}

export interface Rlimit {
  /** `RLIMIT_NOFILE` and so on. */
  type: string;
  soft: Uint64;
  hard: Uint64;
}

/** A number, or what JSON.stringify writes as a larger one than a number holds. */
export type Uint64 = number | RawJson;

/** What JSON.rawJSON makes. */
export interface RawJson {
  readonly rawJSON: string;
}

export interface Mount {
  destination: string;
  type: string;
  source: string;
  options: string[];
  uidMappings?: readonly IdMapping[];
  gidMappings?: readonly IdMapping[];
}

/** Of a user namespace, or of a mount. */
export interface IdMapping {
  containerID: number;
  hostID: number;
  size: number;
}

export interface Linux {
  namespaces: Namespace[];
  uidMappings?: readonly IdMapping[];
  gidMappings?: readonly IdMapping[];
  devices?: Device[];
  cgroupsPath: string;
  resources: Resources;
  rootfsPropagation?: "rprivate" | "rslave" | "rshared";
  maskedPaths?: string[];
  readonlyPaths?: string[];
  seccomp?: Seccomp;
  /** SELinux label of what the runtime mounts itself. */
  mountLabel?: string;
  intelRdt?: IntelRdt;
}

/** Names of resctrl groups and their schemata; the runtime refuses them where the machine has none. */
export interface IntelRdt {
  closID?: string;
  l3CacheSchema?: string;
  memBwSchema?: string;
  enableCMT?: boolean;
  enableMBM?: boolean;
}

export interface Seccomp {
  defaultAction: string;
  defaultErrnoRet?: number;
  /** The machine's own where absent. */
  architectures?: readonly SeccompArch[];
  flags?: readonly string[];
  listenerPath?: string;
  listenerMetadata?: string;
  syscalls: { names: readonly string[]; action: string; errnoRet?: number; args?: readonly SeccompArg[] }[];
}

export type SeccompArch = `SCMP_ARCH_${string}`;

/** A condition on one argument of a system call. */
export interface SeccompArg {
  index: number;
  /** The mask for SCMP_CMP_MASKED_EQ. */
  value: Uint64;
  /** What the masked argument must be. */
  valueTwo?: Uint64;
  op: string;
}

export interface Namespace {
  type: "pid" | "network" | "mount" | "ipc" | "uts" | "cgroup" | "user";
  /** The namespace to join; a new one is made when absent. */
  path?: string;
}

export interface Device {
  /** `u` is `c` too. */
  type: "b" | "c" | "u" | "p";
  path: string;
  major: number;
  minor: number;
  fileMode?: number;
  uid?: number;
  gid?: number;
}

/** Also the JSON that `runc update --resources` reads. */
export interface Resources {
  devices?: DeviceRule[];
  memory?: { limit?: number; swap?: number };
  cpu?: { shares?: number; quota?: number; period?: number; cpus?: string; mems?: string };
  pids?: { limit: number };
  hugepageLimits?: { pageSize: string; limit: number }[];
  unified?: Record<string, string>;
  blockIO?: BlockIo;
}

export interface BlockIo {
  weight?: number;
  weightDevice?: { major: number; minor: number; weight: number }[];
  throttleReadBpsDevice?: BlockIoRate[];
  throttleWriteBpsDevice?: BlockIoRate[];
  throttleReadIOPSDevice?: BlockIoRate[];
  throttleWriteIOPSDevice?: BlockIoRate[];
}

/** Bytes or operations in a second. */
export interface BlockIoRate {
  major: number;
  minor: number;
  rate: number;
}

export interface DeviceRule {
  allow: boolean;
  type?: "a" | "b" | "c";
  major?: number;
  minor?: number;
  access: string;
}
