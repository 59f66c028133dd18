/** critter's own check of its images, on a copy of the database: the daemon need not be stopped for it. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { snapshotOf } from "../../src/check.ts";
import { checkStore } from "../../src/storage/check.ts";
import type { Daemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";

/** Fails with what `critter check` would find, once what is removed in the background has gone. */
export async function assertStoreIntact({ folder }: Daemon): Promise<void> {
  await eventually(() => assert.deepEqual(findings(join(folder, "root")), []), 10);
}

function findings(root: string): string[] {
  const copy = mkdtempSync(join(tmpdir(), "critter-check-"));
  try {
    for (const name of ["state.db", "state.db-wal"]) {
      if (existsSync(join(root, name))) copyFileSync(join(root, name), join(copy, name));
    }
    using database = new DatabaseSync(join(copy, "state.db"));
    return checkStore(snapshotOf(database, root)).map(({ text }) => text);
  } finally {
    rmSync(copy, { recursive: true });
  }
}
