/** The files a pod's containers share: hostname, hosts, resolv.conf, and the tmpfs behind /dev/shm. */
import { chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DNSConfig } from "../cri/messages.ts";
import { setXattr } from "../linux/files.ts";
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, mount, unmountAll } from "../linux/mount.ts";
import type { Owner } from "../linux/user-namespace.ts";
import { defaultShmBytes } from "./shm-size.ts";

/** Where the files of one pod are. */
export interface SandboxFiles {
  hostname: string;
  hosts: string;
  resolvConf: string;
  /** A folder; the host's /dev/shm for a pod in the host's IPC namespace. */
  shm: string;
}

export interface SandboxFilesRequest {
  hostname: string;
  dns: DNSConfig | null;
  hostNetwork: boolean;
  hostIpc: boolean;
  /** Size of the pod's /dev/shm; 64 MiB when absent. */
  shmBytes?: number;
  /** Root in the pod, as the host sees it; the host's own when absent. */
  owner?: Owner;
}

/** The paths of the files in a sandbox's folder. */
export function sandboxFiles(folder: string, hostIpc: boolean): SandboxFiles {
  return {
    hostname: join(folder, "hostname"),
    hosts: join(folder, "hosts"),
    resolvConf: join(folder, "resolv.conf"),
    shm: hostIpc ? "/dev/shm" : join(folder, "shm"),
  };
}

/** Writes the files into `folder`, which exists, and mounts the pod's /dev/shm there. */
export function makeSandboxFiles(folder: string, request: SandboxFilesRequest): SandboxFiles {
  const files = sandboxFiles(folder, request.hostIpc);
  writeFileSync(files.hostname, `${request.hostname}\n`);
  writeFileSync(
    files.hosts,
    request.hostNetwork ? hostFile("/etc/hosts") : hostsContent(request.hostname, []),
  );
  writeFileSync(files.resolvConf, resolvConfContent(request.dns));
  const { uid, gid } = request.owner ?? { uid: 0, gid: 0 };
  if (uid + gid > 0)
    for (const path of [files.hostname, files.hosts, files.resolvConf]) chownSync(path, uid, gid);
  if (!request.hostIpc) {
    mkdirSync(files.shm);
    const options = `mode=1777,size=${request.shmBytes ?? defaultShmBytes},uid=${uid},gid=${gid}`;
    mount("shm", files.shm, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options);
  }
  return files;
}

/** Labels those files that are the pod's own, in its folder, for SELinux. Throws LinuxError. */
export function labelSandboxFiles(files: SandboxFiles, folder: string, label: string): void {
  const own = Object.values(files).filter((path) => dirname(path) === folder);
  for (const path of own) setXattr(path, "security.selinux", Buffer.from(`${label}\0`));
}

/** Adds the pod's own addresses, known once CNI has answered. */
export function writePodAddresses(files: SandboxFiles, hostname: string, ips: string[]): void {
  writeFileSync(files.hosts, hostsContent(hostname, ips));
}

/** Takes the /dev/shm of a sandbox's folder away and then the folder; neither need exist. */
export function removeSandboxFolder(folder: string): void {
  unmountAll(join(folder, "shm"));
  rmSync(folder, { recursive: true, force: true });
}

/** resolv.conf(5) of a DNSConfig; the node's own when there is none. */
export function resolvConfContent(dns: DNSConfig | null): string {
  if (!dns || dns.servers.length + dns.searches.length + dns.options.length === 0)
    return hostFile("/etc/resolv.conf");
  const lines: string[] = [];
  if (dns.searches.length > 0) lines.push(`search ${dns.searches.join(" ")}`);
  for (const server of dns.servers) lines.push(`nameserver ${server}`);
  if (dns.options.length > 0) lines.push(`options ${dns.options.join(" ")}`);
  return `${lines.join("\n")}\n`;
}

function hostsContent(hostname: string, ips: string[]): string {
  const lines = [
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "ff00::0\tip6-mcastprefix",
    "ff02::1\tip6-allnodes",
    "ff02::2\tip6-allrouters",
    ...ips.map((ip) => `${ip}\t${hostname}`),
  ];
  return `${lines.join("\n")}\n`;
}

function hostFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
