/** What the machine is made of: packages of Debian sid, without those they recommend. */

/** A system that systemd boots, with AppArmor as Debian has it. */
const SYSTEM = [
  "systemd",
  "systemd-sysv",
  "dbus",
  "udev",
  "kmod",
  "login",
  "linux-image-amd64",
  "initramfs-tools",
  "apparmor",
  "apparmor-utils",
];

/** What a node that runs critter has. */
const NODE = [
  "ca-certificates",
  "conmon",
  "containernetworking-plugins",
  "crun",
  "iproute2",
  "iptables",
  "runc",
];

/** What the tests call: the same list as in `scripts/setup --tests`, and what a person at the console misses. */
const TESTS = [
  "apache2-utils",
  "busybox",
  "curl",
  "docker-registry",
  "e2fsprogs",
  "jq",
  "libcap2-bin",
  "openssl",
  "procps",
  "strace",
  // critest's AppArmor specs load their profiles by it.
  "sudo",
  "umoci",
];

export const PACKAGES: readonly string[] = [...SYSTEM, ...NODE, ...TESTS];

/** Drivers in the initrd: those of the disk that holds everything else. */
export const INITRD_MODULES: readonly string[] = ["virtio_pci", "virtio_blk", "ext4"];
