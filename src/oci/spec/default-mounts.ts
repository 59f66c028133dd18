/** The mounts every container has: /proc, /dev, /sys and the pod's own files. */
import { mountRestrictions } from "../../linux/mount-flags.ts";
import type { Mount } from "./types.ts";

/** Files of the pod that all its containers share; paths on the host. */
export interface PodFiles {
  hostname: string;
  hosts: string;
  resolvConf: string;
  /** The folder behind /dev/shm: the pod's tmpfs, or the host's /dev/shm in its IPC namespace. */
  shm: string;
}

/** Those with which a pod's own is mounted. */
const SHM_FLAGS = ["nosuid", "nodev", "noexec"];

const proc: Mount = mount("/proc", "proc", ["nosuid", "noexec", "nodev"]);
const dev: Mount = mount("/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]);

/**
 * What a program expects. A privileged container may write to /sys and its cgroups; `files` are read-only
 * where the root is.
 */
export function containerMounts(files: PodFiles, privileged: boolean, readonlyRootfs: boolean): Mount[] {
  const access = privileged ? "rw" : "ro";
  const fileFlags = readonlyRootfs ? ["ro"] : [];
  return [
    proc,
    dev,
    mount("/dev/pts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
    // In the host's IPC namespace this shows the host's queues, as it should.
    mount("/dev/mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
    bind("/dev/shm", files.shm, shmFlags(files.shm)),
    mount("/sys", "sysfs", ["nosuid", "noexec", "nodev", access]),
    mount("/sys/fs/cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", access]),
    bind("/etc/hostname", files.hostname, fileFlags),
    bind("/etc/hosts", files.hosts, fileFlags),
    bind("/etc/resolv.conf", files.resolvConf, fileFlags),
  ];
}

/** What the pause program and the runtime need, and no more: each mount costs start time. */
export function sandboxMounts(): Mount[] {
  return [proc, dev];
}

/** Private, or what a container with a bidirectional mount mounts below would reach the host. */
function bind(destination: string, source: string, flags: readonly string[]): Mount {
  return { destination, type: "bind", source, options: ["rbind", "rprivate", ...flags] };
}

/** What is mounted there already, said again: crun sets all flags anew. */
function shmFlags(source: string): readonly string[] {
  return source === "/dev/shm" ? mountRestrictions(source) : SHM_FLAGS;
}

function mount(destination: string, type: string, options: string[]): Mount {
  return { destination, type, source: type, options };
}
