/** A profile made into `linux.seccomp` for one machine and one set of capabilities: its conditions decided. */
import { kernelIsAtLeast } from "../../linux/kernel.ts";
import type { Seccomp } from "../spec/types.ts";
import { machineOf } from "./architectures.ts";
import type { ProfileRule, RuleFilter, SeccompProfile } from "./profile.ts";

/** What the conditions of a profile ask about. */
export interface Conditions {
  arch: NodeJS.Architecture;
  /** uname's release: `6.1.0-18-amd64`. */
  kernel: string;
  /** Whether the kernel runs programs of the x32 ABI. */
  x32: boolean;
  /** The container's bounding set, names with `CAP_`. */
  capabilities: ReadonlySet<string>;
}

/** The OCI form of `profile`. */
export function resolveProfile(profile: SeccompProfile, conditions: Conditions): Seccomp {
  const { defaultAction, defaultErrnoRet, flags, listenerPath, listenerMetadata } = profile;
  const architectures = architecturesOf(profile, conditions);
  return {
    defaultAction,
    ...(defaultErrnoRet !== undefined && { defaultErrnoRet }),
    ...(architectures.length > 0 && { architectures }),
    ...(flags && flags.length > 0 && { flags }),
    ...(listenerPath && { listenerPath }),
    ...(listenerMetadata && { listenerMetadata }),
    syscalls: profile.syscalls
      .filter((rule) => counts(rule, conditions))
      .map(({ names, action, errnoRet, args }) => ({
        names,
        action,
        ...(errnoRet !== undefined && { errnoRet }),
        ...(args && args.length > 0 && { args }),
      })),
  };
}

/**
 * None is right too: the runtime adds the machine's own. x32 is left out where nobody can use it, for it more than doubles
 * the time that libseccomp takes.
 */
function architecturesOf(
  { architectures, archMap }: SeccompProfile,
  { arch, x32 }: Conditions,
): NonNullable<Seccomp["architectures"]> {
  if (architectures) return architectures;
  const own = machineOf(arch)?.architecture;
  const mapping = archMap?.find(({ architecture }) => architecture === own);
  const all = mapping ? [mapping.architecture, ...mapping.subArchitectures] : [];
  return x32 ? all : all.filter((one) => one !== "SCMP_ARCH_X32");
}

function counts({ includes, excludes }: ProfileRule, conditions: Conditions): boolean {
  return (!includes || included(includes, conditions)) && !(excludes && excluded(excludes, conditions));
}

function included({ caps = [], arches = [], minKernel }: RuleFilter, conditions: Conditions): boolean {
  if (!caps.every((name) => conditions.capabilities.has(name))) return false;
  if (arches.length > 0 && !isOneOf(arches, conditions.arch)) return false;
  return !minKernel || isAtLeast(conditions.kernel, minKernel);
}

function excluded({ caps = [], arches = [], minKernel }: RuleFilter, conditions: Conditions): boolean {
  if (caps.some((name) => conditions.capabilities.has(name))) return true;
  if (isOneOf(arches, conditions.arch)) return true;
  return Boolean(minKernel) && isAtLeast(conditions.kernel, minKernel as string);
}

function isOneOf(arches: readonly string[], arch: NodeJS.Architecture): boolean {
  const name = machineOf(arch)?.name;
  return name !== undefined && arches.includes(name);
}

/** `minimum` is `MAJOR.MINOR`. */
function isAtLeast(release: string, minimum: string): boolean {
  const [major = 0, minor = 0] = minimum.split(".").map(Number);
  return kernelIsAtLeast(major, minor, release);
}
