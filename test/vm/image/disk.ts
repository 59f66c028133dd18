/** ext4 disks made of folders. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Makes `file` a disk with what is in `folder`, owners and times included. `size` as mke2fs reads it (`8G`); what is not
 * filled takes no space. No journal: nobody needs the disk after a crash.
 */
export async function makeDisk(file: string, label: string, folder: string, size: string): Promise<void> {
  await run("mke2fs", [
    ...["-q", "-F", "-t", "ext4", "-O", "^has_journal", "-L", label],
    ...["-d", folder, file, size],
  ]);
}
