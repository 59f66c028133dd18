/** A stream over a descriptor that Node cannot take as a Socket. Its calls never block, and each turn does a bounded number. */
import { closeSync } from "node:fs";
import { constants } from "node:os";
import { Duplex } from "node:stream";
import { declare, LinuxError, lastErrno } from "./libc.ts";
import { BROKEN, READABLE, readiness, WRITABLE } from "./readiness.ts";

const readCall = declare("long read(int fd, _Out_ void *buffer, size_t size)");
const writeCall = declare("long write(int fd, const void *buffer, size_t size)");

const { EAGAIN, ECONNRESET, EINTR, EIO, ENOTCONN, EPIPE } = constants.errno;
/** What a terminal or a socket says when nobody is left on the other side. */
const gone: ReadonlySet<number> = new Set([EIO, EPIPE, ECONNRESET, ENOTCONN]);

const MAX_READ_BYTES = 65_536;
const CALLS_A_TURN = 32;

// One is enough: what has been read is copied out before the next call.
const readBuffer = Buffer.allocUnsafe(MAX_READ_BYTES);

export interface DescriptorStreamOptions {
  /** Whether each read, of 64 KiB at most, is a message by itself. */
  readableObjectMode?: boolean;
  /** Most bytes of one write(2); no limit when absent. */
  maxWriteBytes?: number | undefined;
  /** Tells the other side that no more will be written. */
  shutdown?: (fd: number) => void;
}

interface Pending {
  chunk: Buffer;
  done: (error?: Error) => void;
}

/**
 * Takes over `fd`, which must be non-blocking, and closes it when destroyed. It reads, and waits, only for what is wanted. Once
 * the other side is gone it ends (a terminal's EIO is no error), and what is still written is dropped: an error would take away
 * what was to be read before the end.
 */
export class DescriptorStream extends Duplex {
  readonly #fd: number;
  readonly #maxWriteBytes: number;
  readonly #shutdown: ((fd: number) => void) | undefined;
  #callsLeft = CALLS_A_TURN;
  #nextTurn: NodeJS.Immediate | undefined;
  #awaited = 0;
  #reading = false;
  #pending: Pending | undefined;

  constructor(fd: number, options: DescriptorStreamOptions = {}) {
    super({ readableObjectMode: options.readableObjectMode ?? false, allowHalfOpen: false });
    this.#fd = fd;
    this.#maxWriteBytes = options.maxWriteBytes ?? Number.MAX_SAFE_INTEGER;
    this.#shutdown = options.shutdown;
  }

  override _read(): void {
    this.#reading = true;
    this.#receive();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#pending = { chunk, done };
    // A packet socket's reader would take an empty message for the end.
    if (chunk.length === 0) this.#finish();
    else this.#send();
  }

  override _final(done: (error?: Error) => void): void {
    this.#shutdown?.(this.#fd);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearImmediate(this.#nextTurn);
    readiness.unwatch(this.#fd);
    closeSync(this.#fd);
    done(error);
    this.#finish(error ?? new Error("the stream was closed before all was written"));
  }

  #receive(): void {
    if (!this.#mayCall()) return;
    const count = Number(readCall(this.#fd, readBuffer, MAX_READ_BYTES));
    if (count === -1) this.#readFailed(lastErrno());
    else this.#give(count);
  }

  #readFailed(errno: number): void {
    if (errno === EAGAIN || errno === EINTR) this.#await(READABLE);
    // The kernel tells of a reset before it gives what came earlier; the next call gives that, or the end.
    else if (errno === ECONNRESET) this.#receive();
    else if (gone.has(errno)) this.#give(0);
    else this.destroy(new LinuxError("read", errno, `${this.#fd}`));
  }

  #give(count: number): void {
    this.#reading = false;
    this.push(count > 0 ? Buffer.from(readBuffer.subarray(0, count)) : null);
  }

  #send(): void {
    while (this.#pending && this.#mayCall()) {
      const { chunk } = this.#pending;
      const count = Number(writeCall(this.#fd, chunk, Math.min(chunk.length, this.#maxWriteBytes)));
      if (count === -1 || count === chunk.length) {
        this.#sent(count === -1 ? lastErrno() : 0);
        return;
      }
      this.#pending.chunk = chunk.subarray(count);
    }
  }

  #sent(errno: number): void {
    if (errno === EAGAIN || errno === EINTR) this.#await(WRITABLE);
    else if (errno === 0 || gone.has(errno)) this.#finish();
    else this.#finish(new LinuxError("write", errno, `${this.#fd}`));
  }

  #finish(error?: Error): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.done(error);
  }

  /** Whether this turn of the event loop has calls left; if not, the next one goes on. */
  #mayCall(): boolean {
    if (this.#nextTurn) return false;
    if (this.#callsLeft-- > 0) return true;
    this.#nextTurn = setImmediate(() => {
      this.#nextTurn = undefined;
      this.#proceed((READABLE | WRITABLE) & ~this.#awaited);
    });
    return false;
  }

  #await(event: number): void {
    this.#awaited |= event;
    readiness.watch(this.#fd, this.#awaited, (events) => {
      const due = events & BROKEN ? this.#awaited : events & this.#awaited;
      this.#awaited &= ~due;
      if (this.#awaited) this.#await(this.#awaited);
      this.#proceed(due);
    });
  }

  #proceed(due: number): void {
    this.#callsLeft = CALLS_A_TURN;
    if (due & READABLE && this.#reading) this.#receive();
    if (due & WRITABLE) this.#send();
  }
}
