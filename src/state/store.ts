/** The pods or the containers: records in memory and in the database, found by id, and their list entries kept encoded. */

import { status } from "@grpc/grpc-js";
import { messageOf, notFound, StatusError } from "../cri/status-error.ts";
import { log } from "../log.ts";
import { shown } from "../printable.ts";
import type { Records } from "./database.ts";

interface Entry<T> {
  record: T;
  encoded: Buffer | undefined;
}

/** Told of a record that was added, changed or deleted, once that is on disk. */
export type StoreListener<T> = (record: T, change: "stored" | "deleted") => void;

/** Records of one kind. What `find` returns is the live record: change it by `update` only. */
export class Store<T extends { id: string }> {
  readonly #kind: string;
  readonly #records: Records<T>;
  readonly #encode: (record: T) => Buffer;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #listeners: StoreListener<T>[] = [];
  /** What counts though the disk has refused it. */
  readonly #unsaved = new Set<T>();

  /** `kind` names the records in errors; `encode` gives a record's entry in its list response. */
  constructor(kind: string, records: Records<T>, encode: (record: T) => Buffer) {
    this.#kind = kind;
    this.#records = records;
    this.#encode = encode;
  }

  /** Fills the store from the database. */
  load(isValid: (record: unknown) => record is T): void {
    const encoded = new Map<string, Buffer>();
    const isSound = (record: unknown, id: string): record is T => {
      if (!isValid(record) || record.id !== id) return false;
      // Now, for one that cannot be would fail every list.
      encoded.set(id, this.#encode(record));
      return true;
    };
    for (const [id, record] of this.#records.load(isSound))
      this.#entries.set(id, { record, encoded: encoded.get(id) });
  }

  /** How many records `load` has set aside, as they could not be read. */
  get unreadable(): number {
    return this.#records.unreadable;
  }

  /** The ids of all records that were ever set aside. */
  setAside(): string[] {
    return this.#records.setAside();
  }

  /** Adds a new record, on disk before it returns. */
  add(record: T): void {
    this.#records.add(record.id, record);
    this.#entries.set(record.id, { record, encoded: undefined });
    this.#tell(record, "stored");
  }

  /** Changes a record, on disk before it returns. */
  update(record: T, changes: Partial<T>): void {
    // Only then in memory: what a full disk refuses has not happened.
    this.#records.put(record.id, { ...record, ...changes });
    this.#unsaved.delete(record);
    this.#change(record, changes);
    this.#saveRest();
  }

  /**
   * Changes a record as what has happened already, which no disk can undo: it counts at once, and is written with a later change where
   * the disk refuses it now. Answers whether it is on disk.
   */
  settle(record: T, changes: Partial<T>): boolean {
    this.#unsaved.add(record);
    this.#change(record, changes);
    this.#saveRest();
    return !this.#unsaved.has(record);
  }

  delete(record: T): void {
    this.#records.delete(record.id);
    this.#entries.delete(record.id);
    this.#unsaved.delete(record);
    this.#tell(record, "deleted");
  }

  /** Calls `listener`, which must not throw, after every change from now on. */
  onChange(listener: StoreListener<T>): void {
    this.#listeners.push(listener);
  }

  /** The record with this id, or the only one whose id begins so. INVALID_ARGUMENT when several do. */
  find(id: string): T | undefined {
    const exact = this.#entries.get(id)?.record;
    if (exact || id === "") return exact;
    let found: T | undefined;
    for (const { record } of this.#entries.values()) {
      if (!record.id.startsWith(id)) continue;
      if (found) {
        throw new StatusError(status.INVALID_ARGUMENT, `${this.#kind} ${shown(id)} is ambiguous`);
      }
      found = record;
    }
    return found;
  }

  /** As `find`; NOT_FOUND when there is none. */
  get(id: string): T {
    const record = this.find(id);
    if (!record) throw notFound(this.#kind, id);
    return record;
  }

  /** The first record that `wanted` accepts. */
  first(wanted: (record: T) => boolean): T | undefined {
    for (const record of this) if (wanted(record)) return record;
    return undefined;
  }

  has(record: T): boolean {
    return this.#entries.get(record.id)?.record === record;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const { record } of this.#entries.values()) yield record;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The list response of the records that `wanted` accepts: repeated fields concatenate. */
  list(wanted: (record: T) => boolean): Buffer {
    return Buffer.concat([...this.entries(wanted)]);
  }

  /** The same, record by record, of those that are there now; each is encoded when it is asked for. */
  *entries(wanted: (record: T) => boolean): Generator<Buffer, void> {
    const found: Entry<T>[] = [];
    for (const entry of this.#entries.values()) if (wanted(entry.record)) found.push(entry);
    for (const entry of found) {
      entry.encoded ??= this.#encode(entry.record);
      yield entry.encoded;
    }
  }

  #change(record: T, changes: Partial<T>): void {
    Object.assign(record, changes);
    const entry = this.#entries.get(record.id);
    if (entry) entry.encoded = undefined;
    this.#tell(record, "stored");
  }

  #saveRest(): void {
    for (const record of this.#unsaved) {
      try {
        this.#records.put(record.id, record);
        this.#unsaved.delete(record);
      } catch (error) {
        log.error("a record cannot be written", { kind: this.#kind, id: record.id, error: messageOf(error) });
        return;
      }
    }
  }

  #tell(record: T, change: "stored" | "deleted"): void {
    for (const listener of this.#listeners) listener(record, change);
  }
}
