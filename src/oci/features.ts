/** What the containers of a runtime handler can have: what its runtime says of itself, as far as kernel and storage go along. */
import { failedPrecondition } from "../cri/status-error.ts";
import { kernelIsAtLeast } from "../linux/kernel.ts";
import type { IdMappedLayers } from "../storage/id-mapped-layers.ts";
import type { Runtime } from "./runtime.ts";

export interface HandlerFeatures {
  /** Mounts that are read-only with all that is mounted below them: the option `rro`, Linux ≥ 5.12. */
  recursiveReadOnlyMounts: boolean;
  /** Mounts with mappings of their own. */
  idMappedMounts: boolean;
  /** Pods with a user namespace, their volumes and root filesystems included: overlays of id-mapped layers, Linux ≥ 5.19. */
  userNamespaces: boolean;
  /** Whether it reads the mappings of a user namespace that it joins, and wants none in config.json (runc says so, in the log). */
  readsMappings: boolean;
}

/** Asks the runtime once, for good. A runtime that is too old to answer has none of them. */
export async function handlerFeatures(
  { runtime }: { runtime: Pick<Runtime, "features"> },
  layers: Pick<IdMappedLayers, "supported">,
): Promise<HandlerFeatures> {
  const { mountOptions = [], linux, annotations = {} } = (await runtime.features()) ?? {};
  const idMappedMounts = linux?.mountExtensions?.idmap?.enabled === true && kernelIsAtLeast(5, 12);
  const joins = linux?.namespaces?.includes("user") === true && kernelIsAtLeast(5, 19);
  return {
    recursiveReadOnlyMounts: mountOptions.includes("rro") && kernelIsAtLeast(5, 12),
    idMappedMounts,
    userNamespaces: idMappedMounts && joins && (await layers.supported()),
    readsMappings: Object.keys(annotations).some((name) => name.startsWith("org.opencontainers.runc.")),
  };
}

/** FAILED_PRECONDITION where a pod of the handler cannot have a user namespace: it must not run without. */
export async function requireUserNamespaces(
  handler: { name: string; runtime: Pick<Runtime, "path" | "features"> },
  layers: Pick<IdMappedLayers, "supported">,
): Promise<void> {
  const { userNamespaces } = await handlerFeatures(handler, layers);
  if (userNamespaces) return;
  const field = "config.linux.security_context.namespace_options.userns_options.mode";
  const lacking = `runtime handler ${JSON.stringify(handler.name)} (${handler.runtime.path}), the kernel or the storage's filesystem has no id-mapped mounts`;
  throw failedPrecondition(`${field} is "POD": ${lacking}`);
}
