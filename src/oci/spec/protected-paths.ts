/** Paths of /proc and /sys that a container must not read, or not write. */
import type { LinuxContainerSecurityContext } from "../../cri/messages.ts";
import { invalidArgument } from "../../cri/status-error.ts";
import type { Linux } from "./types.ts";

/** Hidden, where the request says nothing of its security context. */
export const defaultMaskedPaths: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

/** Read-only, where the request says nothing of its security context. */
export const defaultReadonlyPaths: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/**
 * The request's lists as they are, even when empty (ProcMount Unmasked); the usual ones where it has no security context,
 * none for a privileged container. INVALID_ARGUMENT for a path that is not absolute.
 */
export function protectedPaths(
  context: LinuxContainerSecurityContext | null,
  privileged: boolean,
): Pick<Linux, "maskedPaths" | "readonlyPaths"> {
  if (!context) {
    return { maskedPaths: [...defaultMaskedPaths], readonlyPaths: [...defaultReadonlyPaths] };
  }
  const { maskedPaths, readonlyPaths } = context;
  checkPaths(maskedPaths, "masked_paths");
  checkPaths(readonlyPaths, "readonly_paths");
  return privileged ? {} : { maskedPaths, readonlyPaths };
}

/** Whether a specification is a privileged container's: every other one has a list of masked paths, even if empty. */
export function isPrivilegedSpec({ linux }: { linux: Linux }): boolean {
  return linux.maskedPaths === undefined;
}

function checkPaths(paths: readonly string[], name: string): void {
  for (const [index, path] of paths.entries()) {
    if (path.startsWith("/")) continue;
    const field = `config.linux.security_context.${name}[${index}]`;
    throw invalidArgument(field, path, "it must be an absolute path");
  }
}
