/** Closes to other users, at the start, what an earlier critter has left open. */
import { chmodSync, existsSync } from "node:fs";
import { dirname } from "node:path";
import { keepPrivate } from "../linux/private-folder.ts";
import { rootOf } from "../linux/user-namespace.ts";
import { containerFolder } from "../oci/context.ts";
import { type SandboxContext, sandboxFolder } from "./context.ts";
import { podIdMappings } from "./user-namespace.ts";

/** The folders of the pods and containers on record get the modes that new ones have. */
export function keepFoldersPrivate(context: SandboxContext): void {
  const { store, containers } = context;
  const bundles = dirname(containerFolder(containers, "id"));
  if (existsSync(bundles)) chmodSync(bundles, 0o700);
  const groups = new Map([...store].map(({ id, config }) => [id, rootOf(podIdMappings(config)).gid]));
  const folders = [
    ...[...store].map(({ id }) => ({ folder: sandboxFolder(context, id), pod: id })),
    ...[...containers.store].map(({ id, podSandboxId }) => ({
      folder: dirname(containers.storage.rootfs.pathOf(id)),
      pod: podSandboxId,
    })),
  ];
  for (const { folder, pod } of folders) if (existsSync(folder)) keepPrivate(folder, groups.get(pod));
}
