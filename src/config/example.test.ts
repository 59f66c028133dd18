import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { renderConfig } from "./example.ts";
import { buildConfig } from "./load.ts";
import { readSettings } from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-example-"));
after(() => rmSync(folder, { recursive: true }));

function settingsOf(toml: string) {
  const file = join(folder, "crio.conf");
  writeFileSync(file, toml);
  return readSettings(file);
}

describe("crio.conf.example", () => {
  const example = readFileSync(new URL("../../crio.conf.example", import.meta.url), "utf8");

  it("is what the schema says (renew it with: bin/critter config --default > crio.conf.example)", () => {
    assert.equal(example, renderConfig());
  });

  it("changes nothing when it is used as it is", () => {
    const settings = settingsOf(example);
    assert.deepEqual(settings.warnings, []);
    assert.deepEqual(buildConfig(settings, true), buildConfig(readSettings(undefined), true));
  });

  it("shows the defaults in its commented lines", () => {
    const settings = settingsOf(example.replace(/^#(?=\w)/gm, ""));
    assert.deepEqual(settings.warnings, []);
    assert.deepEqual(buildConfig(settings, true), buildConfig(readSettings(undefined), true));
  });
});

describe("renderConfig", () => {
  it("keeps what a file says, and parses to the same", () => {
    const given = settingsOf(
      'crio.runtime.pids_limit = 7\n[crio.runtime.runtimes.crun]\nruntime_path = "/x/crun"\n',
    );
    const rendered = renderConfig(given);
    assert.match(rendered, /^pids_limit = 7$/m);
    assert.match(rendered, /^#log_level = "info"$/m);
    assert.deepEqual(buildConfig(settingsOf(rendered), true), buildConfig(given, true));
  });
});
