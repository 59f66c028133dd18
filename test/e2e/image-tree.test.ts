import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { redirectLog } from "../../src/log.ts";
import { RegistryClient } from "../../src/registry/client.ts";
import { openDatabase } from "../../src/state/database.ts";
import { openStorage } from "../../src/storage/storage.ts";
import type { BuiltImage } from "../images/image.ts";
import { rawImage } from "../images/raw-image.ts";
import { serveImages } from "../registry/image-server.ts";
import { debianLayers } from "../support/debian-layers.ts";
import { fileTree } from "../support/file-tree.ts";

test("the tree of an image is the one that umoci unpacks", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "critter-tree-"));
  t.after(() => rmSync(folder, { recursive: true }));
  t.after(redirectLog(() => {}));
  const image = rawImage({ layers: debianLayers(folder) });
  const expected = fileTree(unpackByUmoci(image, folder));
  assert.ok(expected.length > 500, `${expected.length} files`);
  await withRootfs(image, folder, (rootfs) => assert.deepEqual(fileTree(rootfs), expected));
});

/** Pulls the image into a storage of its own, as a daemon does, and mounts it for a container. */
async function withRootfs(image: BuiltImage, folder: string, use: (rootfs: string) => void): Promise<void> {
  await using server = await serveImages(new Map([["debian", image]]));
  const registriesConf = join(folder, "registries.conf");
  writeFileSync(registriesConf, `[[registry]]\nlocation = "${server.address}"\ninsecure = true\n`);
  const registry = new RegistryClient({ registriesConf, rounds: 1 });
  const database = openDatabase(join(folder, "state.db"));
  const storage = await openStorage({ root: join(folder, "storage"), database, registry });
  try {
    const { id } = await storage.pull(`${server.address}/debian:latest`);
    use(storage.rootfs.mountRootfs("tree", id));
  } finally {
    storage.rootfs.removeRootfs("tree");
    await storage.close();
    database.close();
    await registry.close();
  }
}

/** Writes the image as an OCI layout and has umoci unpack it. Answers the folder of the root filesystem. */
function unpackByUmoci({ blobs, manifests }: BuiltImage, folder: string): string {
  const layout = join(folder, "layout");
  const blobFolder = join(layout, "blobs/sha256");
  mkdirSync(blobFolder, { recursive: true });
  for (const { digest, body } of [...blobs, ...manifests]) {
    writeFileSync(join(blobFolder, digest.replace("sha256:", "")), body);
  }
  const { mediaType, digest, body } = manifests.at(-1)!;
  const annotations = { "org.opencontainers.image.ref.name": "latest" };
  const manifest = { mediaType, digest, size: body.length, annotations };
  writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  const bundle = join(folder, "bundle");
  execFileSync("umoci", ["unpack", "--image", `${layout}:latest`, bundle], { stdio: "pipe" });
  return join(bundle, "rootfs");
}
