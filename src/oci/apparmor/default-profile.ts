/** The AppArmor profile of containers that ask for no other: it keeps them off what the kernel has only one of. */
import { existsSync } from "node:fs";

export const defaultProfileName = "critter-default";

/** Without it the newest kernels' mediation of mqueue, io_uring and user namespaces would deny all of these. */
const abi = "abi/3.0";

/** Socket families that are obsolete, reach the hypervisor (vsock) or the kernel's ciphers (alg). */
const deniedFamilies = "alg appletalk atmsvc ax25 econet ipx irda netrom rose vsock wanpipe";

/** The profile's text for `apparmor_parser`; `policy` is the folder of the machine's own policy. */
export function defaultProfile(policy = "/etc/apparmor.d"): string {
  const families = deniedFamilies.split(" ").map((family) => `  deny network ${family},`);
  // A runtime that has a profile itself stacks the container's upon it.
  const peers = ["", "//&crun", "//&runc"].map((stacked) => `"${defaultProfileName}${stacked}"`);
  const within = (access: string) => peers.map((peer) => `  ${access} peer=${peer},`).join("\n");
  return `${existsSync(`${policy}/${abi}`) ? `abi <${abi}>,\n` : ""}
profile ${defaultProfileName} flags=(attach_disconnected,mediate_deleted) {
  # The container's own namespaces, capabilities and mounts say what these reach.
  capability,
  file,
  network,
  umount,

${families.join("\n")}
  deny mount,

  # From the host and the runtimes, which have profiles of their own on some machines; and among themselves.
  signal (receive) peer=unconfined,
  signal (receive) peer=crun,
  signal (receive) peer=runc,
${within("signal (send, receive)")}
${within("ptrace (read, readby, trace, tracedby)")}

  # Of /proc only processes, and of its sysctls only kernel.shm*, can be written.
  deny /proc/* w,
  deny /proc/{[^0-9s],s[^y],sy[^s]}** w,
  deny /proc/sys/[^k]** w,
  deny /proc/sys/kernel/{[^s],s[^h],sh[^m]}** w,
  deny /proc/kcore klrwx,
  deny /proc/sysrq-trigger klrwx,

  # Of /sys only cgroups.
  deny /sys/{[^f],f[^s]}** klwx,
  deny /sys/fs/{[^c],c[^g],cg[^r]}** klwx,
  deny /sys/devices/virtual/powercap/** klrwx,
  deny /sys/firmware/** klrwx,
  deny /sys/kernel/security/** klrwx,
}
`;
}
