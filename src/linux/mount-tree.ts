/** Mounts that are not yet anywhere: open_tree(2), mount_setattr(2) and move_mount(2), by number, for older C libraries lack them. */
import { closeSync, openSync } from "node:fs";
import { check, declare } from "./libc.ts";
import { MS_PRIVATE } from "./mount.ts";

const openTreeCall = declare("long syscall(long number, int folder, const char *path, unsigned int flags)");
const moveMountCall = declare(
  "long syscall(long number, int from, const char *fromPath, int to, const char *toPath, unsigned int flags)",
);
const setAttributesCall = declare(
  "long syscall(long number, int folder, const char *path, unsigned int flags, const void *attributes, size_t size)",
);

/** The same on every architecture of Node's. */
const OPEN_TREE = 428;
const MOVE_MOUNT = 429;
const MOUNT_SETATTR = 442;

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const OPEN_TREE_CLONE = 0x1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 0x4;
const MOUNT_ATTR_IDMAP = 0x100000n;

/**
 * Mounts `source` (a folder; not what is mounted below it) on `target`, with the IDs of its files mapped as the user
 * namespace pinned at `userNamespace` maps them: what belongs to 0 on disk belongs to the host's ID of that namespace's 0.
 * Linux ≥ 5.12, and a filesystem that can. Throws LinuxError.
 */
export function mountIdMapped(source: string, target: string, userNamespace: string): void {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
  const tree = check(openTreeCall(OPEN_TREE, AT_FDCWD, source, flags), "open_tree", source);
  try {
    mapIds(tree, source, userNamespace);
    const moved = moveMountCall(MOVE_MOUNT, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
    check(moved, "move_mount", `${source} to ${target}`);
  } finally {
    closeSync(tree);
  }
}

function mapIds(tree: number, source: string, userNamespace: string): void {
  const namespace = openSync(userNamespace, "r");
  try {
    // struct mount_attr: what to set, what to clear, the propagation, the user namespace.
    const attributes = Buffer.alloc(32);
    attributes.writeBigUInt64LE(MOUNT_ATTR_IDMAP, 0);
    // Where mounts are shared, as systemd has them, what is mounted in the source would appear here, and go there when this goes.
    attributes.writeBigUInt64LE(BigInt(MS_PRIVATE), 16);
    attributes.writeBigUInt64LE(BigInt(namespace), 24);
    const done = setAttributesCall(MOUNT_SETATTR, tree, "", AT_EMPTY_PATH, attributes, attributes.length);
    check(done, "mount_setattr", `IDs of ${source} by ${userNamespace}`);
  } finally {
    closeSync(namespace);
  }
}
