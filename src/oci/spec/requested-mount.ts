/** One mount of a CreateContainer request, checked and with its host path resolved. */

import { mkdirSync, realpathSync } from "node:fs";
import { posix } from "node:path";
import type { Mount as MountRequest } from "../../cri/messages.ts";
import { invalidArgument } from "../../cri/status-error.ts";
import { mountRestrictions, type Restriction } from "../../linux/mount-flags.ts";
import type { IdMappings } from "../../linux/user-namespace.ts";
import { mountMappings } from "./mount-mappings.ts";
import { propagationOption } from "./propagation.ts";
import type { Mount } from "./types.ts";

export interface RequestMountOptions {
  /** Whether the runtime knows `rro` (runc ≥ 1.1, crun ≥ 1.8.6, on Linux ≥ 5.12). */
  recursiveReadOnlyMounts: boolean;
  /** Whether the runtime can map the IDs of a mount (runc ≥ 1.2, crun ≥ 1.9, on Linux ≥ 5.12). */
  idMappedMounts: boolean;
  /** Of the pod's user namespace, by which volumes of images are mapped already; undefined for none. */
  podIdMappings?: IdMappings | undefined;
  /** Host paths that are not made when missing but refused: crio.conf's `absent_mount_sources_to_reject`. */
  absentMountSourcesToReject: readonly string[];
}

/** Bind mount options that `mount_options` may hold; each excludes its opposite. */
const additionalOptions = new Set(["exec", "noexec", "dev", "nodev", "suid", "nosuid"]);

/**
 * The bind mount for `request`, called `field` in messages; of `imageVolume` where it is of an image. A missing host
 * path becomes a folder.
 */
export function requestedMount(
  request: MountRequest,
  field: string,
  options: RequestMountOptions,
  imageVolume?: string,
): Mount {
  const { containerPath, hostPath } = request;
  const destination = containerDestination(containerPath, `${field}.container_path`);
  const source =
    imageVolume ?? hostSource(hostPath, `${field}.host_path`, options.absentMountSourcesToReject);
  return {
    destination,
    type: "bind",
    source,
    options: [
      "rbind",
      propagationOption(request.propagation, source, `${field}.propagation`),
      ...flagOptions(request, field, options.recursiveReadOnlyMounts, imageVolume ? undefined : source),
    ],
    ...mountMappings(request, field, options, imageVolume !== undefined),
  };
}

function containerDestination(path: string, field: string): string {
  if (!path.startsWith("/")) throw invalidArgument(field, path, "it must be an absolute path");
  const destination = posix.resolve(path);
  if (destination === "/") throw invalidArgument(field, path, "the container's root cannot be mounted over");
  return destination;
}

/** Links are followed here, for not every runtime does so on the host. */
function hostSource(path: string, field: string, absentToReject: readonly string[]): string {
  if (!path.startsWith("/")) throw invalidArgument(field, path, "it must be an absolute path");
  const found = resolved(path, field);
  if (found !== undefined) return found;
  if (absentToReject.some((rejected) => posix.resolve(rejected) === posix.resolve(path))) {
    throw invalidArgument(field, path, "it does not exist, and absent_mount_sources_to_reject has it");
  }
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
    return realpathSync.native(path);
  } catch (error) {
    throw invalidArgument(field, path, `it does not exist and cannot be made: ${(error as Error).message}`);
  }
}

function resolved(path: string, field: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw invalidArgument(field, path, (error as Error).message);
  }
}

/**
 * Options that change the mount's flags, and with them those that `source` has already: runc sets all flags anew when one is among the
 * options, crun in any case.
 */
function flagOptions(
  request: MountRequest,
  field: string,
  supported: boolean,
  source: string | undefined,
): string[] {
  const access = accessOption(request, field, supported);
  const asked = [...access, ...additional(request.mountOptions, `${field}.mount_options`)];
  if (source === undefined) return asked;
  const isAsked = (flag: Restriction) =>
    flag === "ro" ? access.length > 0 : asked.includes(flag) || asked.includes(flag.slice("no".length));
  return [...asked, ...mountRestrictions(source).filter((flag) => !isAsked(flag))];
}

function accessOption(request: MountRequest, field: string, supported: boolean): string[] {
  if (!request.recursiveReadOnly) return request.readonly ? ["ro"] : [];
  const refuse = (reason: string) => invalidArgument(`${field}.recursive_read_only`, true, reason);
  if (!request.readonly) throw refuse("the mount is not readonly");
  if (request.propagation !== "PROPAGATION_PRIVATE")
    throw refuse(`its propagation is ${request.propagation}`);
  if (!supported) throw refuse("the runtime does not support recursive read-only mounts");
  return ["rro"];
}

function additional(requested: readonly string[], field: string): string[] {
  for (const [index, option] of requested.entries()) {
    const opposite = option.startsWith("no") ? option.slice(2) : `no${option}`;
    if (!additionalOptions.has(option))
      throw invalidArgument(`${field}[${index}]`, option, "not one of noexec, nodev, nosuid");
    if (requested.includes(opposite))
      throw invalidArgument(`${field}[${index}]`, option, `${opposite} is set too`);
  }
  return [...requested];
}
