/** The mounts every container has: /proc, /dev, /sys and the pod's own files. */
import type { Mount } from "./types.ts";

/** Files of the pod that all its containers share; paths on the host. */
export interface PodFiles {
  hostname: string;
  hosts: string;
  resolvConf: string;
  /** The folder behind /dev/shm: the pod's tmpfs, or the host's /dev/shm in its IPC namespace. */
  shm: string;
}

const proc: Mount = mount("/proc", "proc", ["nosuid", "noexec", "nodev"]);
const dev: Mount = mount("/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]);

/**
 * What a program expects. A privileged container may write to /sys and its cgroups; `files` are read-only
 * where the root is.
 */
export function containerMounts(files: PodFiles, privileged: boolean, readonlyRootfs: boolean): Mount[] {
  const access = privileged ? "rw" : "ro";
  return [
    proc,
    dev,
    mount("/dev/pts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
    // In the host's IPC namespace this shows the host's queues, as it should.
    mount("/dev/mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
    bind("/dev/shm", files.shm, false),
    mount("/sys", "sysfs", ["nosuid", "noexec", "nodev", access]),
    mount("/sys/fs/cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", access]),
    bind("/etc/hostname", files.hostname, readonlyRootfs),
    bind("/etc/hosts", files.hosts, readonlyRootfs),
    bind("/etc/resolv.conf", files.resolvConf, readonlyRootfs),
  ];
}

/** What the pause program and the runtime need, and no more: each mount costs start time. */
export function sandboxMounts(): Mount[] {
  return [proc, dev];
}

/**
 * Private, or what a container with a bidirectional mount mounts below would reach the host. Not "rw": a new runc sets a mount's flags
 * anew when there is one among the options, and the pod's /dev/shm would lose nosuid, nodev and noexec.
 */
function bind(destination: string, source: string, readonly: boolean): Mount {
  const options = ["rbind", "rprivate", ...(readonly ? ["ro"] : [])];
  return { destination, type: "bind", source, options };
}

function mount(destination: string, type: string, options: string[]): Mount {
  return { destination, type, source: type, options };
}
