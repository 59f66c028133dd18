import assert from "node:assert/strict";
import { it } from "node:test";
import { buildConfig } from "./load.ts";
import { reloadable } from "./reload.ts";
import { readSettings } from "./settings.ts";

it("takes over what may change at run time, and names what waits for a restart", () => {
  const current = buildConfig(readSettings(undefined), true);
  const next = structuredClone(current);
  next.runtime.logLevel = "debug";
  next.image.pauseImage = "registry.k8s.io/pause:3.9";
  next.crio.root = "/elsewhere";
  next.runtime.runtimes.crun = { ...next.runtime.runtimes.runc!, runtimePath: "/usr/bin/crun" };

  const reload = reloadable(current, next);
  assert.deepEqual(reload.applied, ["crio.runtime.log_level", "crio.image.pause_image"]);
  assert.deepEqual(reload.waiting, ["crio.root", "crio.runtime.runtimes"]);
  assert.equal(reload.config.runtime.logLevel, "debug");
  assert.equal(reload.config.crio.root, "/var/lib/critter");
  assert.equal(current.runtime.logLevel, "info");
  assert.deepEqual(reloadable(current, structuredClone(current)).applied, []);
});
