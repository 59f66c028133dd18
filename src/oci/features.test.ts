import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { cacheDir } from "../../test/cache.ts";
import { IdMappedLayers } from "../storage/id-mapped-layers.ts";
import { mountPointsBelow } from "../storage/mount-points.ts";
import { handlerFeatures, requireUserNamespaces } from "./features.ts";
import { Runtime, type RuntimeFeatures } from "./runtime.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-features-"));
const layers = new IdMappedLayers(folder);
after(() => rmSync(folder, { recursive: true }));

function runtime(path: string): Runtime {
  return new Runtime({ name: "runc", path, root: join(folder, "runc"), systemdCgroup: false });
}

const saying = (features: RuntimeFeatures) => ({
  runtime: { path: "/runtime", features: async () => features },
});
const full: RuntimeFeatures = {
  mountOptions: ["ro", "rro"],
  linux: { namespaces: ["user"], mountExtensions: { idmap: { enabled: true } } },
};

test("a runc of this year can all of it, and nothing of the trial stays", async () => {
  const handler = { runtime: runtime(join(cacheDir(), "bin/runc/runc")) };
  const all = {
    recursiveReadOnlyMounts: true,
    idMappedMounts: true,
    userNamespaces: true,
    readsMappings: true,
  };
  assert.deepEqual(await handlerFeatures(handler, layers), all);
  assert.deepEqual(mountPointsBelow(folder), []);
});

test("without id-mapped mounts there are no user namespaces", async () => {
  const old = { ...full, linux: { namespaces: ["user"] } };
  const some = {
    recursiveReadOnlyMounts: true,
    idMappedMounts: false,
    userNamespaces: false,
    readsMappings: false,
  };
  assert.deepEqual(await handlerFeatures(saying(old), layers), some);
});

test("a runtime that says nothing has nothing; neither is it asked again", async () => {
  const none = {
    recursiveReadOnlyMounts: false,
    idMappedMounts: false,
    userNamespaces: false,
    readsMappings: false,
  };
  assert.deepEqual(await handlerFeatures({ runtime: runtime("/bin/false") }, layers), none);
  const silent = runtime("/bin/false");
  assert.equal(silent.features(), silent.features());
});

test("nor are there any where the layers' filesystem cannot be mapped", async () => {
  const unmappable = { supported: async () => false };
  assert.equal((await handlerFeatures(saying(full), unmappable)).userNamespaces, false);
  await assert.rejects(requireUserNamespaces({ name: "new", ...saying(full) }, unmappable), {
    code: status.FAILED_PRECONDITION,
    message: /userns_options\.mode is "POD": .*"new"/,
  });
  await requireUserNamespaces({ name: "new", ...saying(full) }, layers);
  assert.equal((await handlerFeatures(saying(full), layers)).userNamespaces, true);
});
