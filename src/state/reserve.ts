/** Room on disk kept for the database: on a full disk ends are recorded and things removed all the same. */
import { closeSync, fstatSync, openSync, rmSync } from "node:fs";
import { status } from "@grpc/grpc-js";
import { messageOf, StatusError } from "../cri/status-error.ts";
import { allocate } from "../linux/allocate.ts";
import { log } from "../log.ts";

const MIB = 1024 * 1024;
/** SQLite begins its log anew after 4 MiB, once all of it is in the database; one transaction more must fit. */
const LOG_BYTES = 6 * MIB;
/** The database grows when the log is written back to it; then SQLite gives up what lies beyond its end. */
const GROWTH_BYTES = 4 * MIB;

/**
 * Blocks beyond the ends of the database and its log, where nobody else can take them. SQLite removes the log when it closes the
 * database: from then on a file keeps the place (and its inode) for the next one.
 */
export class Reserve {
  readonly #path: string;
  // Closed after SQLite's own only: to close any descriptor of a file gives up all locks on it (fcntl(2)).
  readonly #database: number;
  #hasLog = false;

  /** `path` is that of a database which exists, and is not open yet. */
  constructor(path: string) {
    this.#path = path;
    this.#database = openSync(path, "r+");
    rmSync(this.#keptPath, { force: true });
  }

  /**
   * Sets aside what is missing. Whoever adds a record calls it first, so that additions do not use up what ends and
   * removals will need. Throws RESOURCE_EXHAUSTED where the disk has too little.
   */
  ensure(): void {
    try {
      if (!this.#hasLog) this.#allocate(`${this.#path}-wal`);
      this.#hasLog = true;
      const wanted = fstatSync(this.#database).size + GROWTH_BYTES;
      // In larger steps: a database that grows by a page needs nothing most times.
      allocate(this.#database, Math.ceil(wanted / MIB) * MIB);
    } catch (error) {
      const message = `no space left on device for records in ${this.#path}: ${messageOf(error)}`;
      throw new StatusError(status.RESOURCE_EXHAUSTED, message, { cause: error });
    }
  }

  /** To be called when the database was closed. */
  close(): void {
    closeSync(this.#database);
    try {
      this.#allocate(this.#keptPath);
    } catch (error) {
      log.warn("no room is kept for the database", { error: messageOf(error) });
    }
  }

  get #keptPath(): string {
    return `${this.#path}-reserve`;
  }

  #allocate(path: string): void {
    const fd = openSync(path, "a+", 0o600);
    try {
      allocate(fd, LOG_BYTES);
    } finally {
      closeSync(fd);
    }
  }
}
