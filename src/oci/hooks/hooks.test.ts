import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { eventually } from "../../../test/support/eventually.ts";
import { ConfigError } from "../../config/load.ts";
import { redirectLog } from "../../log.ts";
import type { Spec } from "../spec/types.ts";
import { type HookFacts, readHookFile } from "./hook-file.ts";
import { OciHooks } from "./hooks.ts";
import { compilePattern } from "./pattern.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-hooks-"));
after(() => rmSync(folder, { recursive: true }));
after(redirectLog(() => {}));

const facts = (fields: Partial<HookFacts> = {}): HookFacts => ({
  annotations: {},
  command: "/bin/sh",
  hasBindMounts: false,
  ...fields,
});

function write(name: string, when: object, fields: object = {}): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  const hook = { path: "/bin/true", args: ["true", name] };
  writeFileSync(path, JSON.stringify({ version: "1.0.0", hook, when, stages: ["prestart"], ...fields }));
  return path;
}

describe("patterns", () => {
  test("match what they match in Go", () => {
    const matches = (pattern: string, text: string) => compilePattern(pattern).test(text);
    const yes: [string, string][] = [
      ["^a.b$", "a\rb"],
      ["(?i)^ABC", "abc"],
      ["(?is)^A.B", "a\nb"],
      ["(?P<x>a)b", "ab"],
      ["[[:alpha:]]+-[^[:digit:]]$", "ab-c"],
      ["^[]a]+$", "a]"],
      ["^\\Qa.b\\E$", "a.b"],
      ["\\Aa\\z", "a"],
      ["a{,2}", "a{,2}"],
      ["\\x{41}\\-\\_", "A-_"],
      ["^\\p{Greek}\\pL$", "αx"],
      ["^(/usr)?/s?bin/(?:ba)?sh$", "/usr/bin/bash"],
      ["^[\\w.-]+\\.json$", "a.b-c.json"],
    ];
    for (const [pattern, text] of yes) assert.ok(matches(pattern, text), `${pattern} matches ${text}`);
    const no: [string, string][] = [
      ["^a.b$", "a\nb"],
      ["^a$", "a\n"],
      ["^ab$", "AB"],
      ["^[^]a]$", "]"],
    ];
    for (const [pattern, text] of no) assert.ok(!matches(pattern, text), `${pattern} does not match ${text}`);
  });

  test("are refused where Go refuses them", () => {
    for (const pattern of [
      "(?=a)b",
      "(?<!a)b",
      "(a)\\1",
      "a**",
      "(",
      "[a",
      "\\y",
      "a(?i)b",
      "[[:foo:]]",
      "\\",
    ])
      assert.throws(() => compilePattern(pattern), Error, pattern);
  });
});

describe("a hook file", () => {
  const matches = (when: object, fields: Partial<HookFacts> = {}) =>
    readHookFile(write("when/file.json", when)).matches(facts(fields));

  test("is for the containers that meet all of its conditions", () => {
    const annotations = { "example.com/gpu": "yes", other: "no" };
    assert.ok(matches({ always: true }));
    assert.ok(!matches({ always: false }));
    assert.ok(!matches({}));
    assert.ok(matches({ hasBindMounts: true }, { hasBindMounts: true }));
    assert.ok(!matches({ hasBindMounts: true }));
    assert.ok(!matches({ hasBindMounts: false }));
    assert.ok(matches({ commands: ["^/nothing$", "/sh$"] }));
    assert.ok(!matches({ commands: ["^sh"] }));
    assert.ok(matches({ annotations: { gpu$: "^yes$" } }, { annotations }));
    assert.ok(!matches({ annotations: { gpu$: "^no$" } }, { annotations }));
    assert.ok(!matches({ annotations: { gpu$: "yes", absent: "" } }, { annotations }));
    assert.ok(!matches({ always: true, commands: ["^sh"] }));
    assert.ok(!matches({ always: false, commands: ["/sh"] }));
  });

  test("that is wrong is told by its place", () => {
    const refuse = (message: RegExp, fields: object, when: object = { always: true }) =>
      assert.throws(() => readHookFile(write("wrong/file.json", when, fields)), { message });
    refuse(/^version is "0\.1\.0", it must be "1\.0\.0"/, { version: "0.1.0" });
    refuse(/^hook is absent/, { hook: undefined });
    refuse(/^hook\.path is "\/no\/such", it must be/, { hook: { path: "/no/such" } });
    refuse(/^hook\.timeout is 0/, { hook: { path: "/bin/true", timeout: 0 } });
    refuse(/^stages\[0\] is "precreate", it must be one of prestart, /, { stages: ["precreate"] });
    refuse(/^stages is empty/, { stages: [] });
    refuse(/^when\.commands\[0\] is "\(": /, {}, { commands: ["("] });
    refuse(/^when\.annotations\["a"\] is "\(\?=b\)": /, {}, { annotations: { a: "(?=b)" } });
    refuse(/^when\.always is "yes"/, {}, { always: "yes" });
    assert.ok(readHookFile(write("wrong/file.json", {}, { comment: "of a later version" })));
  });
});

describe("hooks of folders", () => {
  const addedBy = (hooks: OciHooks, fields: Partial<HookFacts> = {}) => {
    const spec = {} as Spec;
    hooks.addTo(spec, () => facts(fields));
    return Object.entries(spec.hooks ?? {}).map(([stage, all]) => [
      stage,
      ...all.map(({ args }) => args?.[1]),
    ]);
  };

  test("are those of all files in order of name; a later folder's take the place of an earlier's", (t) => {
    write("low/B.json", { always: true }, { stages: ["prestart", "poststop"] });
    write("low/c.json", { always: false });
    write("low/a.json", { always: true }, { hook: { path: "/bin/true", args: ["true", "low a"] } });
    write("high/a.json", { always: true }, { hook: { path: "/bin/true", args: ["true", "high a"] } });
    const hooks = new OciHooks([join(folder, "low"), join(folder, "high"), join(folder, "none")]);
    t.after(() => hooks.close());
    assert.deepEqual(addedBy(hooks), [
      ["prestart", "high a", "low/B.json"],
      ["poststop", "low/B.json"],
    ]);
  });

  test("a wrong file is a wrong configuration at start; later it is logged, and what it was stays", async (t) => {
    const path = write("later/a.json", { always: true });
    const hooks = new OciHooks([join(folder, "later")]);
    t.after(() => hooks.close());
    write("later/b.json", { always: true });
    await eventually(() => assert.deepEqual(addedBy(hooks), [["prestart", "later/a.json", "later/b.json"]]));
    writeFileSync(path, "{");
    rmSync(join(folder, "later/b.json"));
    await eventually(() => assert.deepEqual(addedBy(hooks), [["prestart", "later/a.json"]]));
    assert.throws(
      () => new OciHooks([join(folder, "later")]),
      (error) => {
        return error instanceof ConfigError && error.message.startsWith(`crio.runtime.hooks_dir: ${path}: `);
      },
    );
  });

  test("a pattern that a pod makes endless holds nothing up", (t) => {
    write("slow/a.json", { annotations: { "^a$": "^(x+)+$" } });
    const hooks = new OciHooks([join(folder, "slow")]);
    t.after(() => hooks.close());
    assert.deepEqual(addedBy(hooks, { annotations: { a: "xxxx" } }), [["prestart", "slow/a.json"]]);
    assert.throws(() => addedBy(hooks, { annotations: { a: `${"x".repeat(60)}y` } }), {
      code: status.FAILED_PRECONDITION,
      message: /^the patterns of .*slow\/a\.json cannot be matched/,
    });
  });
});
