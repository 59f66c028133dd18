/**
 * User namespaces in containerd: 1.6 knows none and makes the container that was asked for without. This adds to its config.json
 * what containerd 2 does, by its sources.
 */
import type { IdMapping } from "../../src/oci/spec/types.ts";
import type { JsonObject } from "./json.ts";
import { mappings } from "./requests.ts";
import type { Specs } from "./runtimes.ts";

/** Files of the pod's that containerd mounts by itself; its /dev/shm is not mapped. */
const POD_FILES = ["/etc/hostname", "/etc/resolv.conf"];

/** `sandbox` gets the namespace, `container` joins it; `mounts` are those that the request maps. */
export function withUserNamespace({ sandbox, container }: Specs, mounts: readonly string[]): Specs {
  return {
    sandbox: inNamespace(sandbox, "new"),
    container: mapped(inNamespace(container, "/proc/PAUSE/ns/user"), [...mounts, ...POD_FILES]),
  };
}

const idMappings = {
  uidMappings: mappings.uids.map(ociMapping),
  gidMappings: mappings.gids.map(ociMapping),
};

function inNamespace(spec: JsonObject, user: string): JsonObject {
  const linux = spec.linux as JsonObject;
  const namespaces = { ...(linux.namespaces as JsonObject), user };
  return { ...spec, linux: { ...linux, ...idMappings, namespaces } };
}

function mapped(spec: JsonObject, destinations: readonly string[]): JsonObject {
  const mounts = spec.mounts as JsonObject;
  const changed = destinations.map((path) => [path, { ...(mounts[path] as JsonObject), ...idMappings }]);
  return { ...spec, mounts: { ...mounts, ...Object.fromEntries(changed) } };
}

function ociMapping(mapping: (typeof mappings.uids)[number]): JsonObject {
  const { containerId = 0, hostId = 0, length = 0 } = mapping;
  return { containerID: containerId, hostID: hostId, size: length } satisfies IdMapping;
}
