// How a short name is resolved by a process without a terminal to ask at (containers-registries.conf(5)).
import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { RegistriesConf, type ShortNameMode } from "./registries-conf.ts";
import { parseRegistriesToml } from "./registries-toml.ts";

function candidates(text: string, file: string, mode?: ShortNameMode): string[] {
  return new RegistriesConf([parseRegistriesToml("f.conf", file)]).candidates(text, mode).map(String);
}

const one = 'unqualified-search-registries = ["a.test"]\n';
const two = 'unqualified-search-registries = ["a.test", "b.test:5000"]\n';
const modeOf = (mode: string) => `short-name-mode = "${mode}"\n`;
const alias = '[aliases]\n"team/app" = "c.test/x/app"\n';
const both = ["a.test/team/app:1", "b.test:5000/team/app:1"];
const ambiguous = { code: status.INVALID_ARGUMENT, message: /has 2 and short-name-mode is enforcing/ };

test("enforcing: one meaning, or none", () => {
  const file = modeOf("enforcing");
  assert.throws(() => candidates("team/app:1", file + two), ambiguous);
  assert.deepEqual(candidates("team/app:1", file + one), ["a.test/team/app:1"]);
});

for (const mode of ["permissive", "disabled"]) {
  test(`${mode}: all registries in order`, () => {
    assert.deepEqual(candidates("team/app:1", modeOf(mode) + two), both);
  });
}

test("without a mode it is permissive", () => {
  assert.deepEqual(candidates("team/app:1", two), both);
  assert.deepEqual(candidates("team/app:1", modeOf("") + two), both);
});

test("an alias goes before the registries, in every mode", () => {
  for (const mode of ["enforcing", "permissive", "disabled"]) {
    assert.deepEqual(candidates("team/app", modeOf(mode) + two + alias), ["c.test/x/app:latest"]);
  }
});

test("crio.conf's short_name_mode goes before that of registries.conf", () => {
  assert.throws(() => candidates("team/app:1", modeOf("disabled") + two, "enforcing"), ambiguous);
  assert.deepEqual(candidates("team/app:1", modeOf("enforcing") + two, "disabled"), both);
});
