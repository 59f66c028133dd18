/** mount(2) and umount2(2). The calls are synchronous and take microseconds. */
import { check, declare } from "./libc.ts";

const mountCall = declare(
  "int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)",
);
const umountCall = declare("int umount2(const char *target, int flags)");

export const MS_RDONLY = 0x1;
export const MS_NOSUID = 0x2;
export const MS_NODEV = 0x4;
export const MS_NOEXEC = 0x8;
export const MS_REMOUNT = 0x20;
export const MS_BIND = 0x1000;
export const MS_REC = 0x4000;
export const MS_PRIVATE = 0x40000;
export const MS_SLAVE = 0x80000;
export const MS_SHARED = 0x100000;

export const MNT_FORCE = 0x1;
export const MNT_DETACH = 0x2;
export const UMOUNT_NOFOLLOW = 0x8;

/** Mounts as mount(2) says; `data` takes at most a page. Throws LinuxError. */
export function mount(source: string, target: string, type: string, flags = 0, data = ""): void {
  check(mountCall(source, target, type, flags, data), "mount", `${source} on ${target}`);
}

/** Binds `source` onto `target` (both must exist); `flags` are added to MS_BIND. Throws LinuxError. */
export function bindMount(source: string, target: string, flags = 0): void {
  mount(source, target, "none", MS_BIND | flags);
}

/** Unmounts `target`; throws LinuxError. */
export function unmount(target: string, flags = 0): void {
  check(umountCall(target, flags | UMOUNT_NOFOLLOW), "umount2", target);
}

/** Unmounts every mount stacked on `target`, at once or when its last user goes; none there is not an error. */
export function unmountAll(target: string): void {
  for (;;) {
    try {
      unmount(target, MNT_DETACH);
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code === "EINVAL" || code === "ENOENT" || code === "ENOTDIR") return;
      throw error;
    }
  }
}
