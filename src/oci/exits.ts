/** How containers ended: the files that monitors leave in the exit folder, told by inotify as they appear. */
import { type FSWatcher, mkdirSync, readdirSync, readFileSync, rmSync, statSync, watch } from "node:fs";
import { basename, join } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";

/** A container's end, as its monitor saw it. */
export interface ContainerExit {
  /** As of a shell: 128 + N for one that was killed by signal N. */
  exitCode: number;
  /** When the exit file was written, in nanoseconds since 1970. */
  finishedAt: bigint;
  /** Whether the kernel killed a process of the container for want of memory. */
  oomKilled: boolean;
}

export type ExitListener = (id: string, exit: ContainerExit) => void;

/** More events than this in one turn, and the kernel's queue (16,384 events) may have overflowed, of which Node says nothing. */
const BURST = 1_024;

/** How long after a container's end its monitor may take, on a busy machine, to write the exit file. */
export const EXIT_FILE_MS = 10_000;
const READ_AGAIN_MS = 1_000;

/** Watches the exit folder. Files that are there already count like those that come. */
export class ExitWatcher {
  readonly #exitDir: string;
  readonly #persistDir: string;
  readonly #listeners = new Set<ExitListener>();
  readonly #waiting = new Map<string, Set<(exit: ContainerExit) => void>>();
  readonly #told = new Set<string>();
  #watcher: FSWatcher | undefined;
  #eventsInTurn = 0;

  /** `exitDir` is the monitors' `--exit-dir`, `persistDir` the folder of their `--persist-dir`s, each named by container id. */
  constructor(exitDir: string, persistDir: string) {
    this.#exitDir = exitDir;
    this.#persistDir = persistDir;
  }

  /** Begins to watch (making the folder), then tells the exits that were there before. */
  async start(): Promise<void> {
    mkdirSync(this.#exitDir, { recursive: true, mode: 0o700 });
    this.#watcher = watch(this.#exitDir, { persistent: false }, (_event, name) => this.#onEvent(name));
    this.#scan();
  }

  /** The end of container `id`: at once if it has ended, else when it does. Rejects with the signal's reason. */
  wait(id: string, signal?: AbortSignal): Promise<ContainerExit> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const exit = this.read(id);
    if (exit) return Promise.resolve(exit);
    return new Promise((resolve, reject) => {
      const waiters = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, waiters);
      const onAbort = () => {
        waiters.delete(onExit);
        if (waiters.size === 0) this.#waiting.delete(id);
        reject(signal?.reason);
      };
      const onExit = (ended: ContainerExit) => {
        signal?.removeEventListener("abort", onAbort);
        resolve(ended);
      };
      waiters.add(onExit);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** The end of container `id`, undefined while it has no (complete) exit file. */
  read(id: string): ContainerExit | undefined {
    const file = join(this.#exitDir, basename(id));
    try {
      const text = readFileSync(file, "latin1").trim();
      if (!/^-?\d+$/.test(text)) return undefined;
      const { mtimeNs } = statSync(file, { bigint: true });
      return { exitCode: Number(text), finishedAt: mtimeNs, oomKilled: this.#hasOomFile(id) };
    } catch (error) {
      if (["ENOENT", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
      throw error;
    }
  }

  /** Calls `listener` once for every end from now on. The function returned takes it off. */
  onExit(listener: ExitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Removes what the monitor of container `id` has left: the exit file and its persist folder. */
  forget(id: string): void {
    this.#told.delete(id);
    rmSync(join(this.#exitDir, basename(id)), { recursive: true, force: true });
    rmSync(join(this.#persistDir, basename(id)), { recursive: true, force: true });
  }

  /** Removes what monitors have left of containers that `isWanted` does not know; for the start. */
  sweep(isWanted: (id: string) => boolean): void {
    for (const folder of [this.#exitDir, this.#persistDir]) {
      for (const name of readdirSync(folder)) {
        // ID.XXXXXX is of a monitor that was killed before it could rename it.
        const [id] = name.split(".") as [string];
        if (!isWanted(id)) rmSync(join(folder, name), { recursive: true, force: true });
      }
    }
  }

  /** Stops watching. */
  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #onEvent(name: string | null): void {
    if (this.#eventsInTurn++ === 0) setImmediate(() => this.#endTurn());
    if (name !== null) this.#tell(name);
  }

  #endTurn(): void {
    const isBurst = this.#eventsInTurn >= BURST;
    this.#eventsInTurn = 0;
    if (isBurst && this.#watcher) this.#scan();
  }

  #scan(): void {
    for (const name of readdirSync(this.#exitDir)) this.#tell(name);
  }

  #tell(id: string): void {
    // conmon writes ID.XXXXXX and renames it.
    if (id.includes(".") || this.#told.has(id)) return;
    const exit = this.#tryToRead(id);
    if (!exit) return;
    this.#told.add(id);
    const waiters = this.#waiting.get(id);
    this.#waiting.delete(id);
    for (const onExit of waiters ?? []) onExit(exit);
    for (const listener of this.#listeners) listener(id, exit);
  }

  /** As `read`; what the machine refuses, for want of descriptors, is tried again. */
  #tryToRead(id: string): ContainerExit | undefined {
    try {
      return this.read(id);
    } catch (error) {
      log.error("an exit file cannot be read yet", { container_id: id, error: messageOf(error) });
      setTimeout(() => this.#watcher && this.#tell(id), READ_AGAIN_MS).unref();
      return undefined;
    }
  }

  #hasOomFile(id: string): boolean {
    return statSync(join(this.#persistDir, basename(id), "oom"), { throwIfNoEntry: false }) !== undefined;
  }
}
