/** How the mount that holds a path restricts what is in it (statvfs(3), `f_flag`). */
import { check, declare } from "./libc.ts";

const statvfsCall = declare("int statvfs(const char *path, _Out_ void *statistics)");

/** As in the C library of 64-bit machines. */
const STATVFS_BYTES = 128;
const FLAG_OFFSET = 72;

/** Mount options, by the bits that stand for them. */
const restrictions = { ro: 1, nosuid: 2, nodev: 4, noexec: 8 } as const;

export type Restriction = keyof typeof restrictions;

/** Those of ro, nosuid, nodev and noexec that hold for the mount of `path`. Throws LinuxError. */
export function mountRestrictions(path: string): Restriction[] {
  const statistics = Buffer.alloc(STATVFS_BYTES);
  check(statvfsCall(path, statistics), "statvfs", path);
  const flags = statistics.readUInt32LE(FLAG_OFFSET);
  const names = Object.keys(restrictions) as Restriction[];
  return names.filter((name) => (flags & restrictions[name]) !== 0);
}
