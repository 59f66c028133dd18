/** unshare(2), setns(2) and what a fresh namespace needs. All of it changes the calling thread only. */
import { openSync } from "node:fs";
import { check, declare } from "./libc.ts";
import type { NamespaceType } from "./sysctls.ts";

const unshareCall = declare("int unshare(int flags)");
const setnsCall = declare("int setns(int fd, int type)");
const sethostnameCall = declare("int sethostname(const char *name, size_t length)");
const socketCall = declare("int socket(int domain, int type, int protocol)");
// Node warns when its own close is given a descriptor that it did not open.
const closeCall = declare("int close(int fd)");
const ioctlCall = declare("int ioctl(int fd, unsigned long request, void *argument)");

const cloneFlags: Record<NamespaceType, number> = { uts: 0x04000000, ipc: 0x08000000, net: 0x40000000 };

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM_CLOEXEC = 0x80002;
const SOCK_STREAM_CLOEXEC_NONBLOCK = 0x80801;
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;
const IFREQ_SIZE = 40;
const IFREQ_FLAGS = 16;

/** Moves this thread into new namespaces of the given types, all in one call. */
export function unshare(types: NamespaceType[]): void {
  const flags = types.reduce((all, type) => all | cloneFlags[type], 0);
  check(unshareCall(flags), "unshare", types.join(", "));
}

/** Moves this thread into the namespace behind an open descriptor. */
export function setns(fd: number, type: NamespaceType): void {
  check(setnsCall(fd, cloneFlags[type]), "setns", type);
}

/** The file of this thread's own namespace; what a bind mount pins. */
export function threadNamespace(type: NamespaceType): string {
  return `/proc/thread-self/ns/${type}`;
}

export function openNamespace(path: string): number {
  return openSync(path, "r");
}

export function setHostname(name: string): void {
  check(sethostnameCall(name, Buffer.byteLength(name)), "sethostname", JSON.stringify(name));
}

/** The version of IP that a socket speaks. */
export type IpVersion = 4 | 6;

/** A TCP socket of this thread's network namespace, to which it belongs wherever it is used; non-blocking, not connected. */
export function tcpSocket(version: IpVersion): number {
  const family = version === 4 ? AF_INET : AF_INET6;
  return check(socketCall(family, SOCK_STREAM_CLOEXEC_NONBLOCK, 0), "socket", `for IPv${version}`);
}

/** Brings up `lo`, which a new network namespace has, but down. The kernel then gives it 127.0.0.1 and ::1. */
export function bringLoopbackUp(): void {
  const socket = check(socketCall(AF_INET, SOCK_DGRAM_CLOEXEC, 0), "socket", "for lo");
  try {
    const request = Buffer.alloc(IFREQ_SIZE);
    request.write("lo");
    check(ioctlCall(socket, SIOCGIFFLAGS, request), "ioctl", "SIOCGIFFLAGS of lo");
    request.writeInt16LE(request.readInt16LE(IFREQ_FLAGS) | IFF_UP, IFREQ_FLAGS);
    check(ioctlCall(socket, SIOCSIFFLAGS, request), "ioctl", "SIOCSIFFLAGS of lo");
  } finally {
    closeCall(socket);
  }
}
