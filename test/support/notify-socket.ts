/** The socket at which a service manager waits for states (sd_notify(3)): a datagram each, which Node's `net` cannot receive. */
import { closeSync } from "node:fs";
import { check, declare } from "../../src/linux/libc.ts";
import { unixAddress } from "../../src/linux/unix-address.ts";

const socketCall = declare("int socket(int domain, int type, int protocol)");
const bindCall = declare("int bind(int fd, const void *address, unsigned int size)");
const recvCall = declare("long recv(int fd, void *data, size_t size, int flags)");
const AF_UNIX = 1;
const DATAGRAM_CLOEXEC_NONBLOCK = 2 | 0x80000 | 0x800;

export class NotifySocket {
  readonly path: string;
  readonly #fd: number;
  readonly #states: string[] = [];

  constructor(path: string) {
    this.path = path;
    this.#fd = check(socketCall(AF_UNIX, DATAGRAM_CLOEXEC_NONBLOCK, 0), "socket", "AF_UNIX");
    const address = unixAddress(path);
    check(bindCall(this.#fd, address, address.length), "bind", path);
  }

  /** All states that have come so far, in their order. */
  get states(): readonly string[] {
    const data = Buffer.alloc(4096);
    for (;;) {
      const length = recvCall(this.#fd, data, data.length, 0);
      if (length < 0) return this.#states;
      this.#states.push(data.toString("utf8", 0, length));
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
