/** Programs on a terminal of their own, for tests: the runtime hands over those of containers. */
import { closeSync, constants, openSync } from "node:fs";
import { type ChildProcess, spawn } from "./child-process.ts";
import { check, declare } from "./libc.ts";
import { Terminal, type TerminalSize } from "./terminal.ts";

const posixOpenpt = declare("int posix_openpt(int flags)");
const unlockpt = declare("int unlockpt(int fd)");
const ptsnameR = declare("int ptsname_r(int fd, _Out_ void *name, size_t size)");
const tcgetattr = declare("int tcgetattr(int fd, _Out_ void *settings)");
const cfmakeraw = declare("void cfmakeraw(void *settings)");
const tcsetattr = declare("int tcsetattr(int fd, int when, const void *settings)");

const { O_RDWR, O_NOCTTY, O_NONBLOCK } = constants;
const O_CLOEXEC = 0x80000;
const TCSANOW = 0;
/** Larger than struct termios of any glibc, and than the path of any slave. */
const STRUCT_BYTES = 128;

export interface OnTerminal {
  terminal: Terminal;
  /** Of the slave. */
  path: string;
  child: ChildProcess;
}

/** Starts a program on a terminal, which is raw: what passes is not changed, echoed, or taken for a signal. */
export function spawnOnTerminal(program: string, args: string[], size?: TerminalSize): OnTerminal {
  const master = check(posixOpenpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), "posix_openpt", "");
  check(unlockpt(master), "unlockpt", "");
  makeRaw(master);
  const path = slavePath(master);
  const terminal = new Terminal(master);
  if (size) terminal.resize(size);
  const slave = openSync(path, O_RDWR | O_NOCTTY);
  const stdio = [{ fd: slave }, { fd: slave }, { fd: slave }];
  const child = spawn("setsid", ["--ctty", program, ...args], { stdio });
  closeSync(slave);
  return { terminal, path, child };
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
