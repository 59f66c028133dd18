/** A seccomp profile as files hold it: OCI's `linux.seccomp` with conditions, in the form that Docker began and all read. */
import type { SeccompArch, SeccompArg } from "../spec/types.ts";

export interface SeccompProfile {
  defaultAction: string;
  /** The errno of `defaultAction` SCMP_ACT_ERRNO; EPERM when absent. */
  defaultErrnoRet?: number;
  /** Exactly these; `archMap` is the other way to say it. */
  architectures?: readonly SeccompArch[];
  /** By the machine's own architecture, the others whose programs it runs too. */
  archMap?: readonly ArchitectureMapping[];
  flags?: readonly string[];
  /** Unix socket of the agent that SCMP_ACT_NOTIFY tells. */
  listenerPath?: string;
  listenerMetadata?: string;
  syscalls: readonly ProfileRule[];
}

export interface ArchitectureMapping {
  architecture: SeccompArch;
  subArchitectures: readonly SeccompArch[];
}

/** What happens to some system calls; with several `args` all must match. */
export interface ProfileRule {
  names: readonly string[];
  action: string;
  errnoRet?: number;
  args?: readonly SeccompArg[];
  /** The rule counts only where each of these conditions holds. */
  includes?: RuleFilter;
  /** The rule does not count where one of these holds. */
  excludes?: RuleFilter;
}

/** Conditions; those that are absent do not count. */
export interface RuleFilter {
  /** Names with `CAP_`, of the container's bounding set: all of them to include, one to exclude. */
  caps?: readonly string[];
  /** One of these machines, by Go's names (`amd64`). */
  arches?: readonly string[];
  /** At least this kernel, `MAJOR.MINOR`. */
  minKernel?: string;
}
