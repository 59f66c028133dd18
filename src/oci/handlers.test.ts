import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { buildConfig, type Config, ConfigError } from "../config/load.ts";
import { readSettings } from "../config/settings.ts";
import { type ContainerContext, platformHandler, presentHandler, runtimeHandler } from "./context.ts";
import { runtimeHandlers } from "./handlers.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-handlers-"));
after(() => rmSync(folder, { recursive: true }));

/** The handlers of a configuration, `true` standing for any program. */
function handlersOf(tables: string): ContainerContext {
  const file = join(folder, "crio.conf");
  writeFileSync(file, `crio.runroot = "${folder}"\n${tables}`);
  const config: Config = buildConfig(readSettings(file), false);
  return { config, handlers: runtimeHandlers(config, join(folder, "persist")) } as ContainerContext;
}

const runc = '[crio.runtime.runtimes.runc]\nruntime_path = "/bin/true"\nmonitor_path = "/bin/true"\n';

test("handlers by name; the default one for none; one that is not there names those that are", () => {
  const context = handlersOf(
    `${runc}[crio.runtime.runtimes.high]\ninherit_default_runtime = true\nmonitor_path = "/bin/true"`,
  );
  assert.equal(runtimeHandler(context, "").name, "runc");
  assert.equal(runtimeHandler(context, "high").runtime.path, "/bin/true");
  assert.throws(
    () => runtimeHandler(context, "kata"),
    /runtime_handler is "kata": the handlers configured are runc, high/,
  );
});

for (const [what, keys] of Object.entries({
  "whose program is absent": 'runtime_path = "/no/such/program"',
  "whose program cannot be run": 'runtime_path = "/etc/passwd"',
  "of a type that critter does not drive": 'runtime_path = "/bin/true"\nruntime_type = "vm"',
  "with a configuration of its own": 'runtime_path = "/bin/true"\nruntime_config_path = "/etc/kata.toml"',
})) {
  test(`a handler ${what} is left out, but ends the start where it is the default`, () => {
    const other = `[crio.runtime.runtimes.other]\nmonitor_path = "/bin/true"\n${keys}\n`;
    const context = handlersOf(`${runc}${other}`);
    assert.deepEqual([...context.handlers.keys()], ["runc"]);
    assert.throws(
      () => handlersOf(`crio.runtime.default_runtime = "other"\n${runc}${other}`),
      (error: Error) =>
        error instanceof ConfigError &&
        /^crio\.runtime\.runtimes\.other\.runtime_\w+ is /.test(error.message),
    );
  });
}

test("no monitor, no daemon", () => {
  const other = '[crio.runtime.runtimes.other]\nruntime_path = "/bin/true"\nmonitor_path = "/no/conmon"';
  assert.throws(() => handlersOf(`${runc}${other}`), /runtimes\.other\.monitor_path is "\/no\/conmon"/);
});

test("an image of another platform has a program of its own, under a name that no pod can ask for", () => {
  const paths = '{ "wasi/wasm" = "/bin/false", "linux/riscv64" = "/no/such/program" }';
  const context = handlersOf(`${runc}platform_runtime_paths = ${paths}\n`);
  const handler = runtimeHandler(context, "");
  const wasm = platformHandler(context, handler, { os: "wasi", architecture: "wasm" });
  assert.equal(wasm.runtime.path, "/bin/false");
  assert.equal(platformHandler(context, handler, { os: "wasi", architecture: "wasm", variant: "v1" }), wasm);
  for (const architecture of ["amd64", "riscv64"])
    assert.equal(platformHandler(context, handler, { os: "linux", architecture }), handler);
  assert.equal(presentHandler(context, wasm.name), wasm);
  assert.throws(() => runtimeHandler(context, wasm.name), /the handlers configured are runc$/);
});
