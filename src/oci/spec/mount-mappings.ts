/** Mappings of IDs that a mount of a request has of its own: those of a volume in a pod with a user namespace. */
import type { IDMapping, Mount as MountRequest } from "../../cri/messages.ts";
import { failedPrecondition, invalidArgument } from "../../cri/status-error.ts";
import type { IdMappings } from "../../linux/user-namespace.ts";
import { ociIdMapping } from "./id-mappings.ts";
import type { Mount } from "./types.ts";

export interface MountMappingOptions {
  /** Whether the runtime can map the IDs of a mount. */
  idMappedMounts: boolean;
  podIdMappings?: IdMappings | undefined;
}

/**
 * What the runtime must map for the mount that is called `field`. An image is mounted with the pod's mappings already: it can have
 * none but these. INVALID_ARGUMENT for mappings that cannot be, FAILED_PRECONDITION where the runtime has none.
 */
export function mountMappings(
  { uidMappings, gidMappings }: MountRequest,
  field: string,
  { idMappedMounts, podIdMappings }: MountMappingOptions,
  ofImage: boolean,
): Pick<Mount, "uidMappings" | "gidMappings"> {
  if (uidMappings.length + gidMappings.length === 0) return {};
  validate(uidMappings, `${field}.uidMappings`);
  validate(gidMappings, `${field}.gidMappings`);
  if (ofImage) {
    requireSame(uidMappings, podIdMappings?.uids, `${field}.uidMappings`);
    requireSame(gidMappings, podIdMappings?.gids, `${field}.gidMappings`);
    return {};
  }
  if (!idMappedMounts) throw failedPrecondition(`${field}.uidMappings: the runtime has no id-mapped mounts`);
  return { uidMappings: uidMappings.map(ociIdMapping), gidMappings: gidMappings.map(ociIdMapping) };
}

function validate(mappings: readonly IDMapping[], field: string): void {
  if (mappings.length === 0)
    throw invalidArgument(field, mappings, "users and groups must both be mapped, or neither");
  const empty = mappings.findIndex(({ length }) => length < 1);
  if (empty >= 0) throw invalidArgument(`${field}[${empty}].length`, 0, "it must be above 0");
}

function requireSame(mappings: readonly IDMapping[], pod: IDMapping | undefined, field: string): void {
  const [mapping] = mappings;
  const same =
    mappings.length === 1 &&
    mapping?.containerId === pod?.containerId &&
    mapping?.hostId === pod?.hostId &&
    mapping?.length === pod?.length;
  if (!same)
    throw invalidArgument(field, mappings, "an image can be mapped as the pod's user namespace only");
}
