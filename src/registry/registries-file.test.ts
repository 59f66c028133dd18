import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { redirectLog } from "../log.ts";
import { parseReference } from "./reference.ts";
import { RegistriesFile } from "./registries-file.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-registries-"));
const main = join(folder, "registries.conf");
const restoreLog = redirectLog(() => {});
after(() => {
  restoreLog();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  rmSync(`${main}.d`, { recursive: true, force: true });
  mkdirSync(`${main}.d`);
});

const dropIn = (name: string, text: string) => writeFileSync(join(`${main}.d`, name), text);
const registry = (location: string) => `[[registry]]\nprefix = "x.test"\nlocation = "${location}"\n`;
const search = (host: string) => `unqualified-search-registries = ["${host}"]\n`;
const sourceOf = (file: RegistriesFile) =>
  file
    .current()
    .endpointsFor(parseReference("x.test/app:1"))
    .map(({ reference }) => `${reference}`);

test("drop-ins come after the file, by name, and the last word counts; other names do not", () => {
  writeFileSync(main, search("main.test") + registry("main.test/m"));
  const file = new RegistriesFile(main);
  assert.deepEqual(sourceOf(file), ["main.test/m/app:1"]);
  dropIn("20-b.conf", registry("b.test/b"));
  dropIn("10-a.conf", search("a.test") + registry("a.test/a"));
  dropIn("90-c.conf.bak", registry("c.test/c"));
  assert.deepEqual(sourceOf(file), ["b.test/b/app:1"]);
  assert.deepEqual(file.current().candidates("app").map(String), ["a.test/app:latest"]);
  rmSync(join(`${main}.d`, "20-b.conf"));
  assert.deepEqual(sourceOf(file), ["a.test/a/app:1"]);
});

test("a drop-in needs no file before it", () => {
  const file = new RegistriesFile(join(folder, "absent.conf"));
  assert.deepEqual(sourceOf(file), ["x.test/app:1"]);
  mkdirSync(join(folder, "absent.conf.d"));
  writeFileSync(join(folder, "absent.conf.d", "a.conf"), registry("a.test/a"));
  assert.deepEqual(sourceOf(file), ["a.test/a/app:1"]);
});

test("what is wrong from the start is named; what becomes wrong changes nothing until it is mended", () => {
  writeFileSync(main, registry("main.test/m"));
  dropIn("10-a.conf", "[[registry]]\nlocation = 1\n");
  const wrong = { code: status.FAILED_PRECONDITION, message: /10-a\.conf: registry\[0\]\.location is 1/ };
  assert.throws(() => sourceOf(new RegistriesFile(main)), wrong);
  dropIn("10-a.conf", registry("a.test/a"));
  const file = new RegistriesFile(main);
  assert.deepEqual(sourceOf(file), ["a.test/a/app:1"]);
  dropIn("10-a.conf", "[[registry\n");
  assert.deepEqual(sourceOf(file), ["a.test/a/app:1"]);
  dropIn("10-a.conf", registry("b.test/b"));
  assert.deepEqual(sourceOf(file), ["b.test/b/app:1"]);
});
