/** Unix sockets of type SOCK_SEQPACKET, which Node's net refuses: a stream of bytes going out, of whole messages coming in. */
import { closeSync, constants, openSync } from "node:fs";
import { basename, dirname } from "node:path";
import { DescriptorStream } from "./descriptor-stream.ts";
import { check, declare } from "./libc.ts";
import { unixAddress } from "./unix-address.ts";

const socketCall = declare("int socket(int domain, int type, int protocol)");
const connectCall = declare("int connect(int fd, const void *address, unsigned int size)");
const shutdownCall = declare("int shutdown(int fd, int how)");

const AF_UNIX = 1;
const SEQPACKET_CLOEXEC_NONBLOCK = 5 | 0x80000 | 0x800;
const SHUT_WR = 1;
const O_PATH = 0x200000;

export interface PacketSocketOptions {
  /** What is written is cut into messages of at most so many bytes; no limit when absent. */
  maxMessageBytes?: number;
}

/**
 * Connects to the socket at `path`, of any length. Each read gives one message, of 64 KiB at most; `end()` shuts down the
 * writing half. Throws LinuxError (ECONNREFUSED, ENOENT; EAGAIN when too many wait to be accepted), and leaves nothing open then.
 */
export function connectPacketSocket(path: string, options: PacketSocketOptions = {}): DescriptorStream {
  const socket = check(socketCall(AF_UNIX, SEQPACKET_CLOEXEC_NONBLOCK, 0), "socket", "AF_UNIX");
  try {
    connect(socket, path);
  } catch (error) {
    closeSync(socket);
    throw error;
  }
  return new DescriptorStream(socket, {
    readableObjectMode: true,
    maxWriteBytes: options.maxMessageBytes,
    // One whose other side is gone cannot be shut down, and need not.
    shutdown: (fd) => shutdownCall(fd, SHUT_WR),
  });
}

/** By way of the folder's descriptor the address need not hold more than the name. */
function connect(socket: number, path: string): void {
  const folder = openSync(dirname(path), constants.O_DIRECTORY | O_PATH);
  try {
    const address = unixAddress(`/proc/self/fd/${folder}/${basename(path)}`);
    check(connectCall(socket, address, address.length), "connect", path);
  } finally {
    closeSync(folder);
  }
}
