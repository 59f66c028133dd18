/** Mappings of IDs, of the CRI's form in the OCI's. */
import type { IDMapping } from "../../cri/messages.ts";
import type { IdMappings } from "../../linux/user-namespace.ts";
import type { IdMapping } from "./types.ts";

interface OciIdMappings {
  uidMappings?: IdMapping[];
  gidMappings?: IdMapping[];
}

/** `uidMappings` and `gidMappings` of a user namespace; nothing where there is none. */
export function ociIdMappings(mappings: IdMappings | undefined): OciIdMappings {
  if (!mappings) return {};
  return { uidMappings: [ociIdMapping(mappings.uids)], gidMappings: [ociIdMapping(mappings.gids)] };
}

export function ociIdMapping({ containerId, hostId, length }: IDMapping): IdMapping {
  return { containerID: containerId, hostID: hostId, size: length };
}
