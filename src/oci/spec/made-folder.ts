/** A folder that critter makes in a container's root filesystem. */
import { chownSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Owner } from "../../linux/user-namespace.ts";

/** Makes the folder `path` and those above it that are missing, for `owner`; what is there stays as it is. */
export function makeFolder(path: string, { uid, gid }: Owner): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o755 });
  if (first === undefined || uid + gid === 0) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) chownSync(made, uid, gid);
}
