/** The number of what the state folder holds, in its database: what a critter is too old for, it leaves alone. */
import { existsSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/**
 * The schema that this critter writes; it reads all up to it, 0 being what there was before there were numbers.
 *
 * It covers the whole state folder: tables, records, layers' folders, CNI's attachments. What an older critter would
 * read wrong, or lose when it writes a record back, takes the next number: raise this one, have the readers of
 * old records give what these lack (a field's default), and add a fixture of the old schema and the new shape to
 * test/upgrade, whose tests fail until then. A field that may be absent, and that nobody misses, needs none of it.
 */
export const SCHEMA = 1;

/** The state folder is a newer critter's. */
export class NewerSchemaError extends Error {}

/**
 * Throws NewerSchemaError where the database at `path` has a schema that this critter does not know. Nothing is written, not
 * even where its last daemon was killed. A file that is no database passes: opening it tells why.
 */
export function refuseNewerSchema(path: string): void {
  const found = schemaOf(path);
  if (found <= SCHEMA) return;
  throw new NewerSchemaError(
    `${path} has schema ${found}, this critter knows those up to ${SCHEMA}: a newer critter has written it; ` +
      "it is left as it is, start that version again",
  );
}

/** Says in a database that was just opened which schema its records have from now on. */
export function markSchema(database: DatabaseSync): void {
  const found = database.prepare("PRAGMA user_version").get()?.user_version;
  if (found !== SCHEMA) database.exec(`PRAGMA user_version = ${SCHEMA}`);
}

/** The schema of the database at `path`; 0 where there is none that can be read. */
function schemaOf(path: string): number {
  if (!existsSync(path)) return 0;
  // SQLite makes a log, an empty one, and an index of it, to read even.
  const made = [`${path}-wal`, `${path}-shm`].filter((file) => !existsSync(file));
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      return Number(database.prepare("PRAGMA user_version").get()?.user_version);
    } finally {
      database.close();
    }
  } catch {
    return 0;
  } finally {
    for (const file of made) rmSync(file, { force: true });
  }
}
