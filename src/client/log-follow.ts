/** Follows a container's log file while the container runs. */
import { type FSWatcher, watch } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { type LogEntry, LogLines } from "./log-lines.ts";

const chunkSize = 64 * 1024;

/** Hands each entry of a log to `deliver`, one after the other; what it returns is waited for. */
export class LogFollower {
  readonly #path: string;
  readonly #deliver: (entry: LogEntry) => Promise<void> | undefined | void;
  readonly #watcher: FSWatcher;
  readonly #buffer = Buffer.allocUnsafe(chunkSize);
  readonly #lines = new LogLines();
  #file: FileHandle | undefined;
  #work: Promise<void> = Promise.resolve();
  #queued = false;

  /** Begins to follow the log at `path`, which may come later; its folder must exist. */
  constructor(path: string, deliver: (entry: LogEntry) => Promise<void> | undefined | void) {
    this.#path = path;
    this.#deliver = deliver;
    // The folder is watched, because a log that is rotated is a new file of the same name.
    this.#watcher = watch(dirname(path), (_event, name) => {
      if (name === basename(path)) this.#catchUp();
    });
    this.#catchUp();
  }

  /** Delivers what has been written so far, and stops. Rejects with what `deliver` or reading threw. */
  async finish(): Promise<void> {
    this.#watcher.close();
    try {
      this.#catchUp();
      await this.#work;
    } finally {
      await this.#file?.close();
      this.#file = undefined;
    }
  }

  #catchUp(): void {
    if (this.#queued) return;
    this.#queued = true;
    this.#work = this.#work.then(async () => {
      this.#queued = false;
      await this.#readAll();
    });
    // The failure is kept for finish(); it must not end the process before that.
    this.#work.catch(() => {});
  }

  async #readAll(): Promise<void> {
    this.#file ??= await openIfThere(this.#path);
    while (this.#file) {
      await this.#readToEnd(this.#file);
      if (!(await this.#wasReplaced(this.#file))) return;
      // Lines may have been added between the end and the replacement; no more will be.
      await this.#readToEnd(this.#file);
      await this.#file.close();
      this.#file = await openIfThere(this.#path);
    }
  }

  async #readToEnd(file: FileHandle): Promise<void> {
    for (;;) {
      const { bytesRead } = await file.read(this.#buffer, 0, chunkSize);
      if (bytesRead === 0) return;
      for (const entry of this.#lines.push(this.#buffer.subarray(0, bytesRead))) {
        const delivered = this.#deliver(entry);
        if (delivered) await delivered;
      }
    }
  }

  async #wasReplaced(file: FileHandle): Promise<boolean> {
    const [opened, named] = await Promise.all([file.stat(), stat(this.#path).catch(() => undefined)]);
    return named !== undefined && named.ino !== opened.ino;
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
