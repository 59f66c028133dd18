/** Pipes whose one end goes to a child. */
import { closeSync } from "node:fs";
import { check, declare } from "./libc.ts";

const pipe2 = declare("int pipe2(_Out_ void *fds, int flags)");
const fcntl = declare("int fcntl(int fd, int command, int argument)");

const O_CLOEXEC = 0x80000;
const F_DUPFD_CLOEXEC = 1030;
const F_SETPIPE_SZ = 1031;

/** Descriptors of a pipe's two ends, close-on-exec. */
export interface Pipe {
  reading: number;
  writing: number;
}

/** A pipe none of whose descriptors is below `reserved`: a child's own would be overwritten one by the other. Throws LinuxError. */
export function openPipe(reserved: number): Pipe {
  const fds = Buffer.alloc(8);
  check(pipe2(fds, O_CLOEXEC), "pipe2", "");
  const [reading, writing] = [fds.readInt32LE(0), fds.readInt32LE(4)].map((fd) => raise(fd, reserved));
  return { reading, writing } as Pipe;
}

/** Lets a pipe hold `bytes`, where the kernel allows it (up to 1 MiB without privileges; 64 KiB are usual). Answers whether it does. */
export function enlargePipe(fd: number, bytes: number): boolean {
  return fcntl(fd, F_SETPIPE_SZ, bytes) >= bytes;
}

function raise(fd: number, reserved: number): number {
  if (fd >= reserved) return fd;
  const raised = check(fcntl(fd, F_DUPFD_CLOEXEC, reserved), "fcntl", `F_DUPFD_CLOEXEC ${fd}`);
  closeSync(fd);
  return raised;
}
