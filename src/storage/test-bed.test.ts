// What the storage's tests share: a registry, and a storage of its own for each.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext } from "node:test";
import type { BuiltImage } from "../../test/images/image.ts";
import { pushImage } from "../../test/images/push.ts";
import { rawImage } from "../../test/images/raw-image.ts";
import { type RawEntry, rawTar } from "../../test/images/raw-tar.ts";
import { Registry } from "../../test/registry/registry.ts";
import { redirectLog } from "../log.ts";
import { RegistryClient } from "../registry/client.ts";
import { openDatabase } from "../state/database.ts";
import { mountPointsBelow } from "./mount-points.ts";
import { openStorage, type Storage, type StorageOptions } from "./storage.ts";

export let registry: Registry;
export let client: RegistryClient;
let folder: string;
let roots = 0;

/** A folder for a storage. */
export function newRoot(): string {
  const root = join(folder, `root${++roots}`);
  mkdirSync(root);
  return root;
}

/** For the tests of the file that calls it: starts a registry, and removes everything at the end. */
export function useTestBed(): void {
  const restoreLog = redirectLog(() => {});
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "critter-storage-"));
    registry = await Registry.start();
    const registriesConf = join(folder, "registries.conf");
    writeFileSync(registriesConf, `[[registry]]\nlocation = "${registry.address}"\ninsecure = true\n`);
    client = new RegistryClient({ registriesConf, rounds: 1 });
  });
  after(async () => {
    await client.close();
    await registry.stop();
    rmSync(folder, { recursive: true });
    restoreLog();
  });
}

/** Pushes to the registry of this file's tests. */
export const push = (name: string, tag: string, image: BuiltImage) =>
  pushImage(registry.address, name, tag, image);
/** An image of layers with these entries. */
export const image = (...layers: RawEntry[][]) => rawImage({ layers: layers.map(rawTar) });
export const file = (name: string, content: string | Buffer = name): RawEntry => ({ name, content });

/** Opens the storage in a folder, as a daemon does. */
export async function open(root: string, options: Partial<StorageOptions> = {}) {
  const database = openDatabase(join(root, "state.db"));
  const storage = await openStorage({ root, database, registry: client, ...options });
  const close = async () => {
    await storage.close();
    database.close();
  };
  return { storage, close };
}

/** A storage of its own for one test, which must have removed its root filesystems at the end. */
export async function fresh(t: TestContext): Promise<{ storage: Storage; root: string }> {
  const root = newRoot();
  const { storage, close } = await open(root);
  t.after(async () => {
    for (const user of readdirSync(join(root, "overlay-containers"))) storage.rootfs.removeRootfs(user);
    for (const record of storage.images.list()) storage.images.remove(record);
    await storage.idle();
    assert.deepEqual(mountPointsBelow(root), []);
    assert.deepEqual(layersOf(root), []);
    assert.deepEqual(storage.usage(), { bytes: 0, inodes: 0 });
    await close();
  });
  return { storage, root };
}

export const layersOf = (root: string) => readdirSync(join(root, "overlay"));
