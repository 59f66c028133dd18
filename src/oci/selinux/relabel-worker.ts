/** Thread that gives one tree an SELinux label; the folder itself comes last, so that a half-done tree is seen. */
import { lstatSync, readdirSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { Confinement } from "../../linux/confinement.ts";
import { getXattr, setXattr } from "../../linux/files.ts";
import type { RelabelTask } from "./relabel.ts";

const attribute = "security.selinux";
/** The kernel takes 4,095 bytes, and a name may have 255: what is deeper is gone to step by step. */
const longestPath = 3800;

const { path: root, label } = workerData as RelabelTask;
const value = Buffer.from(`${label}\0`);

if (lstatSync(root).isDirectory()) {
  const confinement = new Confinement();
  // A container that has the tree mounted may put a link in a folder's place meanwhile: it leads nowhere but into the tree.
  confinement.enter(root);
  relabelTree(confinement, Buffer.from("."));
} else relabel(Buffer.from(root));

/** Paths are relative to the thread's working folder, and bytes, for not all names are UTF-8. */
function relabelTree(confinement: Confinement, top: Buffer): void {
  const waiting = [{ path: top, isSeenThrough: false }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { path, isSeenThrough } = next;
    if (isSeenThrough) relabel(path);
    else if (path.length > longestPath) {
      unlessGone(() => confinement.within(path, () => relabelTree(confinement, Buffer.from("."))));
    } else {
      waiting.push({ path, isSeenThrough: true });
      for (const entry of unlessGone(() => entriesOf(path)) ?? []) {
        const inside = Buffer.concat([path, Buffer.from("/"), entry.name]);
        if (entry.isDirectory()) waiting.push({ path: inside, isSeenThrough: false });
        else relabel(inside);
      }
    }
  }
}

function entriesOf(folder: Buffer) {
  return readdirSync(folder, { withFileTypes: true, encoding: "buffer" });
}

function relabel(path: Buffer): void {
  unlessGone(() => {
    if (!getXattr(path, attribute)?.equals(value)) setXattr(path, attribute, value);
  });
}

/** Undefined for a file that went meanwhile, or became another, and on a file system without labels. */
function unlessGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENOTSUP", "EOPNOTSUPP"].includes(code)) return undefined;
    throw error;
  }
}
