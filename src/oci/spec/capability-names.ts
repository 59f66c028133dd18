/** The kernel's capabilities by their numbers (capabilities(7), linux/capability.h). */

const names = (
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE " +
  "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT " +
  "SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP " +
  "MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
)
  .split(" ")
  .map((name) => `CAP_${name}`);

const known = new Set(names);

/** The names, with `CAP_`, of the bits set in `mask`; a bit newer than this list has none. */
export function capabilityNames(mask: bigint): string[] {
  return names.filter((_, bit) => (mask >> BigInt(bit)) & 1n);
}

/**
 * `NET_RAW`, `net_raw` and `CAP_NET_RAW` alike become `CAP_NET_RAW`; undefined for a name the kernel does not
 * know.
 */
export function capabilityName(name: string): string | undefined {
  const upper = name.toUpperCase();
  const full = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  return known.has(full) ? full : undefined;
}
