/** What the daemon has on record, read from a copy of its database: it keeps the file locked for itself. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ContainerRecord } from "../../../src/oci/record.ts";
import type { PodSandboxRecord } from "../../../src/sandbox/record.ts";
import type { ImageRecord } from "../../../src/storage/image-record.ts";
import type { LayerRecord } from "../../../src/storage/layer-record.ts";

export interface Recorded {
  sandboxes: PodSandboxRecord[];
  containers: ContainerRecord[];
  images: ImageRecord[];
  layers: LayerRecord[];
  /** Tables with records that the daemon could not read and has set aside. */
  unreadable: string[];
}

/** Reads the database in the folder `root` of a daemon that runs, does nothing at the moment, or has ended. */
export function readRecords(root: string): Recorded {
  const folder = mkdtempSync(join(tmpdir(), "critter-records-"));
  try {
    for (const name of ["state.db", "state.db-wal"]) {
      if (existsSync(join(root, name))) copyFileSync(join(root, name), join(folder, name));
    }
    using database = new DatabaseSync(join(folder, "state.db"));
    const tables = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
      .all()
      .map(({ name }) => String(name));
    const records = (table: string) => (tables.includes(table) ? recordsOf(database, table) : []);
    return {
      sandboxes: records("sandboxes") as PodSandboxRecord[],
      containers: records("containers") as ContainerRecord[],
      images: records("images") as ImageRecord[],
      layers: records("layers") as LayerRecord[],
      unreadable: tables.filter((table) => table.endsWith("_unreadable")),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function recordsOf(database: DatabaseSync, table: string): unknown[] {
  const rows = database.prepare(`SELECT record FROM ${table}`).all();
  return rows.map(({ record }) => JSON.parse(String(record)));
}
