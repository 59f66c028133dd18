/** The master's side of a pseudo-terminal, which Node cannot hold as a Socket: libuv would make writes to it block. */
import { DescriptorStream } from "./descriptor-stream.ts";
import { check, declare } from "./libc.ts";

const ioctlCall = declare("int ioctl(int fd, unsigned long request, const void *argument)");

const TIOCSWINSZ = 0x5414;

/** In characters. */
export interface TerminalSize {
  width: number;
  height: number;
}

export class Terminal {
  /** It ends when the last program has closed the slave. */
  readonly stream: DescriptorStream;
  readonly #master: number;

  /** Takes over `master`, which must be non-blocking. */
  constructor(master: number) {
    this.#master = master;
    this.stream = new DescriptorStream(master);
  }

  /** Tells the programs by SIGWINCH. Does nothing once the terminal is closed. Throws LinuxError. */
  resize({ width, height }: TerminalSize): void {
    if (this.stream.destroyed) return;
    const windowSize = Buffer.alloc(8);
    windowSize.writeUInt16LE(height, 0);
    windowSize.writeUInt16LE(width, 2);
    check(ioctlCall(this.#master, TIOCSWINSZ, windowSize), "ioctl", `TIOCSWINSZ ${width}x${height}`);
  }

  /** Hangs up: the slave's programs get SIGHUP. */
  close(): void {
    this.stream.destroy();
  }
}
