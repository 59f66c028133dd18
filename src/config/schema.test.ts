import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { camel } from "./load.ts";
import { tables } from "./schema.ts";

it("has no key that nothing reads", () => {
  const folder = join(import.meta.dirname, "..");
  const files = globSync("**/*.ts", { cwd: folder }).filter((file) => !/^config\/|\.test\.ts$/.test(file));
  const source = files.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
  const words = new Set(source.match(/\w+/g));
  // These become keys of the handlers, in runtime-tables.ts.
  const translated = ["conmon", "conmon_env", "conmon_cgroup", "inherit_default_runtime"];
  const names = Object.values(tables).flatMap(({ keys }) => Object.keys(keys));
  const unread = names.filter((name) => !translated.includes(name) && !words.has(camel(name)));
  assert.deepEqual(unread, []);
});
