/** The database's file as SQLite has it open, and the room on disk that is kept for it. */
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import { Reserve } from "./reserve.ts";

/** Somebody else may just be looking at it, or copying it. */
const BUSY_MS = 10_000;
const SQLITE_BUSY = 5;

export class StateDatabase extends DatabaseSync {
  readonly #reserve: Reserve;

  /**
   * Opens the database at `path`, a file that exists, with a write-ahead log. The lock is taken once and kept: one daemon is its
   * only user. Waits for others, ten seconds at most.
   */
  constructor(path: string) {
    // First: it makes room for the log.
    const reserve = new Reserve(path);
    super(path, { timeout: BUSY_MS });
    this.#reserve = reserve;
    try {
      this.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    } catch (error) {
      this.close();
      if ((error as { errcode?: unknown }).errcode !== SQLITE_BUSY) throw error;
      throw new Error(`${path} is locked by another program, for over ${BUSY_MS / 1000} s`, { cause: error });
    }
    try {
      reserve.ensure();
    } catch (error) {
      log.warn("nothing new can be recorded until there is room", { error: messageOf(error) });
    }
  }

  /** To be called before something new is recorded. Throws RESOURCE_EXHAUSTED on a disk that is full. */
  requireRoom(): void {
    this.#reserve.ensure();
  }

  override close(): void {
    super.close();
    this.#reserve.close();
  }
}
