/** Mappings of IDs, of the CRI's form in the OCI's. */
import type { IDMapping } from "../../cri/messages.ts";
import { invalidArgument } from "../../cri/status-error.ts";
import { hostId, type IdMappings, type Owner, userOnHost } from "../../linux/user-namespace.ts";
import type { IdMapping, User } from "./types.ts";

interface OciIdMappings {
  uidMappings?: IdMapping[];
  gidMappings?: IdMapping[];
}

/** `uidMappings` and `gidMappings` of a user namespace; nothing where there is none. */
export function ociIdMappings(mappings: IdMappings | undefined): OciIdMappings {
  if (!mappings) return {};
  return { uidMappings: [ociIdMapping(mappings.uids)], gidMappings: [ociIdMapping(mappings.gids)] };
}

/**
 * Who the container's user is on the host: the same without a user namespace. INVALID_ARGUMENT for a user or a group that is not
 * mapped, which the kernel would refuse.
 */
export function mappedUser(mappings: IdMappings | undefined, user: User): Owner {
  if (!mappings) return user;
  const owner = userOnHost(mappings, user);
  if (owner && user.additionalGids.every((gid) => hostId(mappings.gids, gid) !== undefined)) return owner;
  const { uids, gids } = mappings;
  const reason = `the pod's user namespace has ${uids.length} users and ${gids.length} groups`;
  throw invalidArgument("the container's user", user, reason);
}

export function ociIdMapping({ containerId, hostId, length }: IDMapping): IdMapping {
  return { containerID: containerId, hostID: hostId, size: length };
}
