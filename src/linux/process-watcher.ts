/**
 * Tells when processes that are no children end. One thread of Node's pool waits in epoll for the pidfds of all of them:
 * a worker for it would cost 11 MB. */
import { closeSync, readSync, writeSync } from "node:fs";
import { check, declare } from "./libc.ts";
import { openPidfd } from "./process.ts";

const epollCreate = declare("int epoll_create1(int flags)");
const epollControl = declare("int epoll_ctl(int epoll, int operation, int fd, const void *event)");
const epollWait = declare("int epoll_wait(int epoll, _Out_ void *events, int count, int timeout)");
const eventfd = declare("int eventfd(unsigned int value, int flags)");

const EPOLL_CLOEXEC = 0x80000;
const EFD_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const BATCH = 64;
// struct epoll_event is packed on x86-64 alone.
const DATA = process.arch === "x64" ? 4 : 8;
const SIZE = DATA + 8;

/** Watches processes by pidfd. It starts with the first process and rests while there is none to watch. */
export class ProcessWatcher {
  readonly #ends = new Map<number, () => void>();
  readonly #events = Buffer.alloc(BATCH * SIZE);
  #epoll = -1;
  #wakeup = -1;
  #waiting = false;
  #closed = false;

  /**
   * Resolves when process `pid` has ended; at once when there is none. A promise still open when the watcher is closed
   * never settles. Throws LinuxError where the kernel has no pidfd.
   */
  watch(pid: number): Promise<void> {
    const pidfd = openPidfd(pid);
    if (pidfd === undefined || this.#closed) return Promise.resolve();
    this.#open();
    return new Promise((resolve) => {
      this.#ends.set(pidfd, resolve);
      this.#add(pidfd);
      this.#wait();
    });
  }

  /** Stops watching, so that the event loop can end. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    process.off("exit", this.#wake);
    if (this.#waiting) this.#wake();
    else this.#release();
  }

  #open(): void {
    if (this.#epoll !== -1) return;
    this.#epoll = check(epollCreate(EPOLL_CLOEXEC), "epoll_create1", "");
    this.#wakeup = check(eventfd(0, EFD_CLOEXEC), "eventfd", "");
    this.#add(this.#wakeup);
    // Node joins the pool's threads when it exits, so this one must not sleep on.
    process.on("exit", this.#wake);
  }

  #add(fd: number): void {
    const event = Buffer.alloc(SIZE);
    event.writeUInt32LE(EPOLLIN, 0);
    event.writeUInt32LE(fd, DATA);
    check(epollControl(this.#epoll, EPOLL_CTL_ADD, fd, event), "epoll_ctl", `add ${fd}`);
  }

  #wait(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    epollWait.async(this.#epoll, this.#events, BATCH, -1, (error: Error | null, count: number) => {
      this.#waiting = false;
      if (this.#closed || error) return this.#release();
      for (let index = 0; index < count; index++) this.#end(this.#events.readUInt32LE(index * SIZE + DATA));
      if (this.#ends.size > 0) this.#wait();
    });
  }

  #end(fd: number): void {
    if (fd === this.#wakeup) {
      readSync(fd, Buffer.alloc(8));
      return;
    }
    // Closing alone would not do: a child just started may still have a copy, and epoll would tell of it once more.
    check(epollControl(this.#epoll, EPOLL_CTL_DEL, fd, null), "epoll_ctl", `delete ${fd}`);
    closeSync(fd);
    this.#ends.get(fd)?.();
    this.#ends.delete(fd);
  }

  readonly #wake = (): void => {
    const one = Buffer.alloc(8);
    one.writeUInt32LE(1);
    writeSync(this.#wakeup, one);
  };

  #release(): void {
    for (const fd of [...this.#ends.keys(), this.#wakeup, this.#epoll]) if (fd !== -1) closeSync(fd);
    this.#ends.clear();
    this.#epoll = -1;
    this.#wakeup = -1;
  }
}
