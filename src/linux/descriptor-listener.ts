/** A Unix socket at which another process hands over an open descriptor (SCM_RIGHTS), which Node's net cannot take. */
import { closeSync, constants, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import koffi from "koffi";
import { check, declare } from "./libc.ts";
import { unixAddress } from "./unix-address.ts";

koffi.struct("iovec", { base: "void *", length: "size_t" });
koffi.struct("msghdr", {
  name: "void *",
  nameLength: "uint32_t",
  vectors: "iovec *",
  vectorCount: "size_t",
  control: "void *",
  controlLength: "size_t",
  flags: "int",
});

const socketCall = declare("int socket(int domain, int type, int protocol)");
const bindCall = declare("int bind(int fd, const void *address, unsigned int size)");
const listenCall = declare("int listen(int fd, int backlog)");
const acceptCall = declare("int accept4(int fd, void *address, void *size, int flags)");
const recvmsg = declare("long recvmsg(int fd, _Inout_ msghdr *message, int flags)");
const fcntl = declare("int fcntl(int fd, int command, int argument)");

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const NONBLOCK_CLOEXEC = 0x800 | 0x80000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const F_SETFL = 4;
const O_PATH = 0x200000;
/** Of a control message with one descriptor: its length, level and type stand before it. */
const CONTROL_BYTES = 24;
const DESCRIPTOR_OFFSET = 16;
/** More than a sender says along with the descriptor: a console's name. */
const TEXT_BYTES = 4096;

/** Listens at a new socket, until it is closed. */
export class DescriptorListener {
  /** For the other process. It holds for as long as this listens, whatever the length of the folder's own path. */
  readonly path: string;
  readonly #file: string;
  readonly #folder: number;
  readonly #socket: number;
  #closed = false;

  /** Makes the socket `name` in `folder`. Throws LinuxError, and leaves nothing then. */
  constructor(folder: string, name: string) {
    this.#file = join(folder, name);
    this.#folder = openSync(folder, constants.O_DIRECTORY | O_PATH);
    // By way of the folder's descriptor the address need not hold more than the name.
    this.path = `/proc/${process.pid}/fd/${this.#folder}/${name}`;
    this.#socket = socketCall(AF_UNIX, SOCK_STREAM | NONBLOCK_CLOEXEC, 0);
    try {
      check(this.#socket, "socket", "AF_UNIX");
      const address = unixAddress(this.path);
      check(bindCall(this.#socket, address, address.length), "bind", this.#file);
      check(listenCall(this.#socket, 1), "listen", this.#file);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The descriptor that has been sent, now non-blocking and close-on-exec; the caller closes it. Throws LinuxError (EAGAIN) when none was, an Error once closed. */
  take(): number {
    // Its number may be another's by now.
    if (this.#closed) throw new Error(`${this.#file} is closed`);
    const connection = check(acceptCall(this.#socket, null, null, NONBLOCK_CLOEXEC), "accept4", this.#file);
    try {
      const descriptor = receive(connection, this.#file);
      fcntl(descriptor, F_SETFL, constants.O_RDWR | constants.O_NONBLOCK);
      return descriptor;
    } finally {
      closeSync(connection);
    }
  }

  /** Removes the socket. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#socket !== -1) closeSync(this.#socket);
    closeSync(this.#folder);
    rmSync(this.#file, { force: true });
  }
}

function receive(connection: number, file: string): number {
  const control = Buffer.alloc(CONTROL_BYTES);
  const message = {
    name: null,
    nameLength: 0,
    vectors: [{ base: Buffer.alloc(TEXT_BYTES), length: TEXT_BYTES }],
    vectorCount: 1,
    control,
    controlLength: CONTROL_BYTES,
    flags: 0,
  };
  check(Number(recvmsg(connection, message, MSG_CMSG_CLOEXEC)), "recvmsg", file);
  if (control.readUInt32LE(0) === 0) throw new Error(`no descriptor was sent to ${file}`);
  return control.readInt32LE(DESCRIPTOR_OFFSET);
}
