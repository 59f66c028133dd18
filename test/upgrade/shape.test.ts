import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { SCHEMA } from "../../src/state/schema.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const file = join(import.meta.dirname, "shapes", `schema-${SCHEMA}.txt`);

/** What is the CRI's, an image's or a map has fields of its own, which change without us. */
const OPAQUE = /^(sandboxes\.config|containers\.(resources|user|config\.\w+)|images\.(spec|config))$/;

/** Field names and types, one a line. */
function shape(path: string, value: unknown): string[] {
  if (typeof value !== "object" || value === null)
    return [`${path}: ${value === null ? "null" : typeof value}`];
  if (OPAQUE.test(path)) return [`${path}: object`];
  if (Array.isArray(value)) return value.length === 0 ? [`${path}: list`] : shape(`${path}[]`, value[0]);
  return Object.entries(value).flatMap(([name, field]) => shape(`${path}.${name}`, field));
}

describe("records", () => {
  const parts = suite();

  it(`have the shape of schema ${SCHEMA}: where that changes, src/state/schema.ts says what there is to do`, async () => {
    const { daemon } = parts;
    await using pod = await livePod(daemon);
    await pod.run();
    await daemon.stop();
    const database = new DatabaseSync(join(daemon.folder, "root/state.db"), { readOnly: true });
    const tables = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .all();
    const lines = tables.flatMap(({ name }) => {
      const row = database.prepare(`SELECT record FROM ${name} LIMIT 1`).get();
      return row ? shape(String(name), JSON.parse(String(row.record))) : [`${name}: no records`];
    });
    database.close();
    await daemon.start();
    const found = `${lines.sort().join("\n")}\n`;
    if (!existsSync(file)) {
      writeFileSync(file, found);
      assert.fail(`the shape of a new schema: look at ${file}, and commit it`);
    }
    assert.equal(found, readFileSync(file, "utf8"));
  });
});
