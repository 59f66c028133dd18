/** The seccomp filter of one container: what its security context asks for, for its capabilities and this machine. */
import { release } from "node:os";
import { ConfigError } from "../../config/load.ts";
import type { SecurityProfile } from "../../cri/messages.ts";
import { failedPrecondition, invalidArgument, messageOf } from "../../cri/status-error.ts";
import { hasX32 } from "../../linux/x32.ts";
import type { Seccomp } from "../spec/types.ts";
import { defaultProfile } from "./default-profile.ts";
import type { SeccompProfile } from "./profile.ts";
import { profileInFile } from "./profile-files.ts";
import { resolveProfile } from "./resolve.ts";

/** What both security contexts have of seccomp; the message itself will do. */
export interface RequestedSeccomp {
  seccomp: SecurityProfile | null;
  /** Deprecated: `unconfined`, `runtime/default`, `docker/default` or `localhost/` and a path. */
  seccompProfilePath: string;
}

/** Keys of `crio.runtime`: files, empty for none. */
export interface SeccompSettings {
  /** Takes the place of our own profile. */
  seccompProfile: string;
  /** Of privileged containers, whatever they ask for. */
  privilegedSeccompProfile: string;
}

export interface SeccompInput {
  requested: RequestedSeccomp | null;
  privileged: boolean;
  /** The container's bounding set, names with `CAP_`. */
  capabilities: readonly string[];
  settings: SeccompSettings;
  /** Whether the kernel has filters. */
  available: boolean;
}

/**
 * `linux.seccomp` for a container; undefined for one that is unconfined, as one that does not ask and a privileged one
 * are. On a kernel without seccomp the default is left out, and a profile of its own is FAILED_PRECONDITION. A file
 * that is not a profile is INVALID_ARGUMENT where the request names it, which `field` is the security context of.
 */
export function seccompFilter(
  input: SeccompInput,
  field = "config.linux.security_context",
): Seccomp | undefined {
  const profile = chosenProfile(input, field);
  return profile && resolved(profile, input.capabilities);
}

/** The settings for the containers of a runtime handler, whose own `seccomp_profile` goes before that of all. */
export function handlerSettings(
  settings: SeccompSettings,
  { seccompProfile = "" }: { seccompProfile?: string },
): SeccompSettings {
  const { privilegedSeccompProfile } = settings;
  return { seccompProfile: seccompProfile || settings.seccompProfile, privilegedSeccompProfile };
}

/** Throws a ConfigError that names key and file when a file of crio.conf is not a profile. */
export function checkSeccompSettings({ seccompProfile, privilegedSeccompProfile }: SeccompSettings): void {
  try {
    if (seccompProfile) configured("seccomp_profile", seccompProfile);
    if (privilegedSeccompProfile) configured("privileged_seccomp_profile", privilegedSeccompProfile);
  } catch (error) {
    throw new ConfigError(messageOf(error), { cause: error });
  }
}

function chosenProfile(
  { requested, privileged, settings, available }: SeccompInput,
  field: string,
): SeccompProfile | undefined {
  if (privileged) {
    const path = available ? settings.privilegedSeccompProfile : "";
    return path === "" ? undefined : configured("privileged_seccomp_profile", path);
  }
  const asked = requested?.seccomp ?? fromPath(requested?.seccompProfilePath ?? "", field);
  if (asked?.localhostRef && asked.profileType !== "Localhost") {
    const { localhostRef } = asked;
    throw invalidArgument(`${field}.seccomp.localhost_ref`, localhostRef, "profile_type is not Localhost");
  }
  switch (asked?.profileType) {
    case undefined:
    case "Unconfined":
      return undefined;
    case "RuntimeDefault":
      if (!available) return undefined;
      return settings.seccompProfile
        ? configured("seccomp_profile", settings.seccompProfile)
        : defaultProfile;
    case "Localhost":
      if (available) return localProfile(asked.localhostRef, referenceField(requested, field));
      throw failedPrecondition(`${field}.seccomp.profile_type is "Localhost": the kernel has no seccomp`);
    default:
      throw invalidArgument(`${field}.seccomp.profile_type`, asked?.profileType, "it is unknown");
  }
}

function fromPath(path: string, field: string): SecurityProfile | null {
  const prefix = "localhost/";
  if (path === "") return null;
  if (path === "unconfined") return { profileType: "Unconfined", localhostRef: "" };
  if (path === "runtime/default" || path === "docker/default") {
    return { profileType: "RuntimeDefault", localhostRef: "" };
  }
  if (path.startsWith(prefix)) return { profileType: "Localhost", localhostRef: path.slice(prefix.length) };
  const right = "unconfined, runtime/default or localhost/PATH is required";
  throw invalidArgument(`${field}.seccomp_profile_path`, path, right);
}

/** Which of the two the reference stands in. */
function referenceField(requested: RequestedSeccomp | null, field: string): string {
  return requested?.seccomp ? `${field}.seccomp.localhost_ref` : `${field}.seccomp_profile_path`;
}

function localProfile(path: string, field: string): SeccompProfile {
  try {
    return profileInFile(path);
  } catch (error) {
    throw invalidArgument(field, path, messageOf(error));
  }
}

function configured(key: string, path: string): SeccompProfile {
  try {
    return profileInFile(path);
  } catch (error) {
    throw failedPrecondition(`crio.conf's ${key} is ${JSON.stringify(path)}: ${messageOf(error)}`);
  }
}

let x32: boolean | undefined;
const filters = new WeakMap<SeccompProfile, Map<string, Seccomp>>();

/** Most containers have the same few sets of capabilities: a filter is made once for each. */
function resolved(profile: SeccompProfile, capabilities: readonly string[]): Seccomp {
  const made = filters.get(profile) ?? new Map<string, Seccomp>();
  filters.set(profile, made);
  const key = [...capabilities].sort().join();
  const present = made.get(key);
  if (present) return present;
  x32 ??= hasX32();
  const conditions = { arch: process.arch, kernel: release(), x32, capabilities: new Set(capabilities) };
  const filter = resolveProfile(profile, conditions);
  made.set(key, filter);
  return filter;
}
