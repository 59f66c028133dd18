/** Thread that gives one tree an SELinux label; the folder itself comes last, so that a half-done tree is seen. */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { workerData } from "node:worker_threads";
import { getXattr, setXattr } from "../../linux/files.ts";
import type { LinuxError } from "../../linux/libc.ts";
import type { RelabelTask } from "./relabel.ts";

const attribute = "security.selinux";
const { path: root, label } = workerData as RelabelTask;
const value = Buffer.from(`${label}\0`);

relabel(root, lstatSync(root).isDirectory());

function relabel(path: string, isFolder: boolean): void {
  try {
    if (isFolder) {
      const entries = readdirSync(path, { withFileTypes: true });
      for (const entry of entries) relabel(join(path, entry.name), entry.isDirectory());
    }
    if (!getXattr(path, attribute)?.equals(value)) setXattr(path, attribute, value);
  } catch (error) {
    const { code } = error as LinuxError;
    // A file that went meanwhile, and a file system without labels.
    if (code !== "ENOENT" && code !== "ENOTSUP" && code !== "EOPNOTSUPP") throw error;
  }
}
