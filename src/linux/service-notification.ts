/** Telling the service manager how the daemon is, by sd_notify(3): a datagram to the socket that NOTIFY_SOCKET names. */
import { closeSync } from "node:fs";
import { check, declare } from "./libc.ts";
import { unixAddress } from "./unix-address.ts";

const socketCall = declare("int socket(int domain, int type, int protocol)");
const sendtoCall = declare(
  "long sendto(int fd, const void *data, size_t size, int flags, const void *address, unsigned int addressSize)",
);

const AF_UNIX = 1;
const DATAGRAM_CLOEXEC_NONBLOCK = 2 | 0x80000 | 0x800;
const MSG_NOSIGNAL = 0x4000;

/** The socket's path, or `@name` of an abstract one; undefined where no service manager asks. */
export type NotifySocket = string | undefined;

/**
 * Sends one state, such as `READY=1` or `STOPPING=1`. Does nothing without a socket; throws LinuxError where nobody takes
 * the datagram.
 */
export function notifyService(socket: NotifySocket, state: string): void {
  if (!socket) return;
  const fd = check(socketCall(AF_UNIX, DATAGRAM_CLOEXEC_NONBLOCK, 0), "socket", "AF_UNIX");
  try {
    const data = Buffer.from(state);
    const address = notifyAddress(socket);
    check(sendtoCall(fd, data, data.length, MSG_NOSIGNAL, address, address.length), "sendto", socket);
  } finally {
    closeSync(fd);
  }
}

/** An abstract name begins with a zero byte and ends with the address. */
function notifyAddress(socket: string): Buffer {
  if (!socket.startsWith("@")) return unixAddress(socket);
  const address = unixAddress(socket).subarray(0, -1);
  address[2] = 0;
  return address;
}
