/** Pseudo-terminals, whose master Node cannot hold as a Socket: libuv would make writes to it block. */
import { closeSync, constants } from "node:fs";
import type { Duplex } from "node:stream";
import { DescriptorStream } from "./descriptor-stream.ts";
import { check, declare } from "./libc.ts";

const posixOpenpt = declare("int posix_openpt(int flags)");
const unlockpt = declare("int unlockpt(int fd)");
const ptsnameR = declare("int ptsname_r(int fd, _Out_ void *name, size_t size)");
const tcgetattr = declare("int tcgetattr(int fd, _Out_ void *settings)");
const cfmakeraw = declare("void cfmakeraw(void *settings)");
const tcsetattr = declare("int tcsetattr(int fd, int when, const void *settings)");
const ioctlCall = declare("int ioctl(int fd, unsigned long request, const void *argument)");

const { O_RDWR, O_NOCTTY, O_NONBLOCK } = constants;
const O_CLOEXEC = 0x80000;
const TCSANOW = 0;
const TIOCSWINSZ = 0x5414;
/** Larger than struct termios of any glibc, and than the path of any slave. */
const STRUCT_BYTES = 128;

/** In characters. */
export interface TerminalSize {
  width: number;
  height: number;
}

/** A terminal whose slave is raw: what is written comes through as it is, without echo or signals. */
export interface Terminal {
  /** Of the slave, for the program that shall have the terminal. */
  path: string;
  /** The master's side. It ends when the last program has closed the slave; until one has opened it, it waits. */
  stream: Duplex;
  /** Tells the programs by SIGWINCH. Does nothing once the terminal is closed. */
  resize(size: TerminalSize): void;
  /** Hangs up: the slave's programs get SIGHUP. */
  close(): void;
}

/** Opens a terminal, of no size unless one is given. Throws LinuxError, and leaves nothing open then. */
export function openTerminal(size?: TerminalSize): Terminal {
  const master = check(posixOpenpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), "posix_openpt", "");
  try {
    check(unlockpt(master), "unlockpt", "");
    makeRaw(master);
    if (size) setSize(master, size);
    return terminalOf(master, slavePath(master));
  } catch (error) {
    closeSync(master);
    throw error;
  }
}

function terminalOf(master: number, path: string): Terminal {
  const stream = new DescriptorStream(master);
  return {
    path,
    stream,
    resize: (size) => {
      if (!stream.destroyed) setSize(master, size);
    },
    close: () => {
      stream.destroy();
    },
  };
}

function slavePath(master: number): string {
  const name = Buffer.alloc(STRUCT_BYTES);
  check(ptsnameR(master, name, name.length) === 0 ? 0 : -1, "ptsname_r", "");
  return name.toString("latin1", 0, name.indexOf(0));
}

/** The master's calls set what both sides share. */
function makeRaw(master: number): void {
  const settings = Buffer.alloc(STRUCT_BYTES);
  check(tcgetattr(master, settings), "tcgetattr", "");
  cfmakeraw(settings);
  check(tcsetattr(master, TCSANOW, settings), "tcsetattr", "");
}

function setSize(master: number, { width, height }: TerminalSize): void {
  const windowSize = Buffer.alloc(8);
  windowSize.writeUInt16LE(height, 0);
  windowSize.writeUInt16LE(width, 2);
  check(ioctlCall(master, TIOCSWINSZ, windowSize), "ioctl", `TIOCSWINSZ ${width}x${height}`);
}
