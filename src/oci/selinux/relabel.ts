/** Relabels what mounts ask for (`selinux_relabel`), whole trees, in a thread of its own. */
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Mount } from "../../cri/messages.ts";
import { invalidArgument } from "../../cri/status-error.ts";

/** The host would no longer work if these were a container's. */
const systemFolders = new Set(
  [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/etc/pki",
    "/home",
    "/lib",
    "/lib64",
    "/media",
    "/opt",
    "/proc",
    "/root",
  ].concat(["/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var", "/var/lib", "/var/log"]),
);

/** What the worker is given. */
export interface RelabelTask {
  path: string;
  label: string;
}

// The worker's file ends as this one does: .ts in the checkout, .js in dist.
const workerUrl = new URL(import.meta.url.replace(/relabel(\.[jt]s)$/, "relabel-worker$1"));

/**
 * Relabels the host paths of the mounts that ask for it; they exist. INVALID_ARGUMENT for a system folder. A file system
 * without labels is left as it is.
 */
export async function relabelMounts(mounts: readonly Mount[], label: string): Promise<void> {
  const paths = mounts.flatMap(({ selinuxRelabel, hostPath }, index) => {
    if (!selinuxRelabel || hostPath === "") return [];
    const path = realpathSync.native(hostPath);
    if (!systemFolders.has(path)) return path;
    const reason = "a folder of the system is not relabelled";
    throw invalidArgument(`config.mounts[${index}].host_path`, hostPath, reason);
  });
  for (const path of new Set(paths)) await relabel({ path, label });
}

/** Relabels the sources of those mounts that lie in `folder`, a container's own, such as volumes of its image. */
export async function relabelOwn(
  mounts: readonly { source: string }[],
  folder: string,
  label: string,
): Promise<void> {
  const own = mounts.filter(({ source }) => source.startsWith(`${folder}/`));
  for (const { source } of own) await relabel({ path: source, label });
}

/** Rejects with the error of the first file that cannot be labelled. */
export async function relabel(task: RelabelTask): Promise<void> {
  const worker = new Worker(workerUrl, { name: "relabel", workerData: task });
  await once(worker, "exit");
}
