/**
 * Tells when descriptors are ready that Node cannot poll itself: pidfds, terminals, packet sockets. One thread of Node's pool
 * waits in epoll for all of them: a worker for it would cost 11 MB. */
import { readSync, writeSync } from "node:fs";
import { check, declare } from "./libc.ts";

const epollCreate = declare("int epoll_create1(int flags)");
const epollControl = declare("int epoll_ctl(int epoll, int operation, int fd, const void *event)");
const epollWait = declare("int epoll_wait(int epoll, _Out_ void *events, int count, int timeout)");
const eventfd = declare("int eventfd(unsigned int value, int flags)");

/** There is something to read, or the end. */
export const READABLE = 0x001;
/** There is room to write. */
export const WRITABLE = 0x004;
/** The other side is gone, or there is an error to fetch; told unasked. */
export const BROKEN = 0x008 | 0x010;

const EPOLL_CLOEXEC = 0x80000;
const EFD_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EPOLLONESHOT = 1 << 30;
const BATCH = 64;
// struct epoll_event is packed on x86-64 alone.
const DATA = process.arch === "x64" ? 4 : 8;
const SIZE = DATA + 8;
/** The ticket of the descriptor that wakes the thread. */
const WAKEUP = 0;

interface Watch {
  fd: number;
  listener: (events: number) => void;
}

/** Watches descriptors for as long as their owners want; while there is nothing to watch it lets the event loop end. */
class Readiness {
  /** Those armed, by the number that epoll gives back: a descriptor's own may be another's before the news is read. */
  readonly #watches = new Map<number, Watch>();
  /** The last ticket of each descriptor that epoll knows. */
  readonly #tickets = new Map<number, number>();
  readonly #events = Buffer.alloc(BATCH * SIZE);
  readonly #event = Buffer.alloc(SIZE);
  #lastTicket = WAKEUP;
  #epoll = -1;
  #wakeup = -1;
  #waiting = false;

  /**
   * Calls `listener` once, when `fd` is ready for any of `events` (or broken), and forgets it; an earlier watch of the same
   * descriptor is replaced. Before `fd` is closed `unwatch` must be called. Throws LinuxError where epoll refuses `fd`.
   */
  watch(fd: number, events: number, listener: (events: number) => void): void {
    this.#open();
    const known = this.#tickets.get(fd);
    const ticket = ++this.#lastTicket;
    this.#control(known === undefined ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, events | EPOLLONESHOT, ticket);
    if (known !== undefined) this.#watches.delete(known);
    this.#tickets.set(fd, ticket);
    this.#watches.set(ticket, { fd, listener });
    this.#wait();
  }

  /** Ends what `watch` began; one that is not watched is fine. */
  unwatch(fd: number): void {
    const ticket = this.#tickets.get(fd);
    if (ticket === undefined) return;
    // Closing alone would not do: a child just started may still have a copy, and epoll would tell of it once more.
    check(epollControl(this.#epoll, EPOLL_CTL_DEL, fd, null), "epoll_ctl", `delete ${fd}`);
    this.#tickets.delete(fd);
    this.#watches.delete(ticket);
    if (this.#watches.size === 0 && this.#waiting) this.#wake();
  }

  #open(): void {
    if (this.#epoll !== -1) return;
    this.#epoll = check(epollCreate(EPOLL_CLOEXEC), "epoll_create1", "");
    this.#wakeup = check(eventfd(0, EFD_CLOEXEC), "eventfd", "");
    this.#control(EPOLL_CTL_ADD, this.#wakeup, READABLE, WAKEUP);
    // Node joins the pool's threads when it exits, so this one must not sleep on.
    process.on("exit", this.#wake);
  }

  #control(operation: number, fd: number, events: number, ticket: number): void {
    this.#event.writeUInt32LE(events, 0);
    this.#event.writeDoubleLE(ticket, DATA);
    check(epollControl(this.#epoll, operation, fd, this.#event), "epoll_ctl", `watch ${fd}`);
  }

  #wait(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    epollWait.async(this.#epoll, this.#events, BATCH, -1, (error: Error | null, count: number) => {
      this.#waiting = false;
      if (error) throw error;
      try {
        for (let index = 0; index < count; index++) this.#tell(index * SIZE);
      } finally {
        if (this.#watches.size > 0) this.#wait();
      }
    });
  }

  #tell(offset: number): void {
    const ticket = this.#events.readDoubleLE(offset + DATA);
    if (ticket === WAKEUP) {
      readSync(this.#wakeup, Buffer.alloc(8));
      return;
    }
    const watch = this.#watches.get(ticket);
    if (!watch) return;
    this.#watches.delete(ticket);
    watch.listener(this.#events.readUInt32LE(offset));
  }

  readonly #wake = (): void => {
    const one = Buffer.alloc(8);
    one.writeUInt32LE(1);
    writeSync(this.#wakeup, one);
  };
}

/** The one of this process. */
export const readiness = new Readiness();
