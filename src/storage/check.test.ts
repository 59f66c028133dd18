import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openDatabase } from "../state/database.ts";
import { checkStore } from "./check.ts";
import { repairStore } from "./check-repair.ts";
import { readSnapshot, type StoreUser } from "./check-snapshot.ts";
import { file, image, newRoot, open, push, registry, useTestBed } from "./test-bed.test.ts";

useTestBed();

const common = file("common", "x".repeat(5000));

interface Store {
  root: string;
  /** IDs of the images. */
  one: string;
  two: string;
  /** The folder of a layer. */
  layer: (chainId: string) => string;
  /** Chain IDs of both: the first is common to them. */
  chain: { one: string[]; two: string[] };
}

async function pulledStore(): Promise<Store> {
  for (const tag of ["one", "two"]) await push("checked", tag, image([common], [file(tag)]));
  const root = newRoot();
  const { storage, close } = await open(root);
  const one = await storage.pull(`${registry.address}/checked:one`);
  const two = await storage.pull(`${registry.address}/checked:two`);
  await close();
  const database = openDatabase(join(root, "state.db"));
  const rows = database.prepare("SELECT id, record FROM layers").all();
  database.close();
  const folders = new Map(rows.map(({ id, record }) => [String(id), JSON.parse(String(record)).folder]));
  const layer = (chainId: string) => join(root, "overlay", folders.get(chainId)!);
  return { root, one: one.id, two: two.id, layer, chain: { one: one.layers, two: two.layers } };
}

/** Checks twice, as `critter check --repair` and `critter check` do; answers what is found each time. */
function repaired(root: string, users: StoreUser[] = [], bootId?: string): [string[], string[]] {
  const database = openDatabase(join(root, "state.db"));
  const texts = (repair: boolean) => {
    const store = readSnapshot(database, root, users, bootId ?? "");
    const findings = checkStore(store);
    if (repair) repairStore(database, store, findings);
    return findings.map(({ text }) => text);
  };
  try {
    return [texts(true), texts(false)];
  } finally {
    database.close();
  }
}

function change(root: string, sql: string, ...values: string[]): void {
  const database = openDatabase(join(root, "state.db"));
  assert.ok(database.prepare(sql).run(...values).changes > 0);
  database.close();
}

/** The names of what is there when a daemon has started on it again. */
async function names(root: string): Promise<string[]> {
  const { storage, close } = await open(root);
  const tags = storage.images.list().flatMap(({ repoTags }) => repoTags);
  await close();
  return tags.map((tag) => tag.slice(tag.lastIndexOf(":") + 1)).sort();
}

test("a store that a pull has left is clean", async () => {
  const { root, one } = await pulledStore();
  assert.deepEqual(repaired(root, [{ kind: "container", id: "c", imageIds: [one] }]), [[], []]);
  assert.deepEqual(await names(root), ["one", "two"]);
});

test("damage to a layer's folder costs the images that have it, and no other", async () => {
  const table: [damage: (store: Store) => void, finding: RegExp, kept: string[]][] = [
    [
      ({ layer, chain }) => rmSync(layer(chain.one[1]!), { recursive: true }),
      /folder \w+ is missing/,
      ["two"],
    ],
    [
      ({ layer, chain }) => rmSync(join(layer(chain.two[1]!), "two")),
      /has 0 files and folders, not 1/,
      ["one"],
    ],
    [({ layer, chain }) => writeFileSync(join(layer(chain.two[1]!), "new"), ""), /has 2 files and/, ["one"]],
    [({ layer, chain }) => truncateSync(join(layer(chain.one[0]!), "common"), 9), /4096 bytes, not 8192/, []],
    [
      ({ root, chain }) => change(root, "DELETE FROM layers WHERE id = ?", chain.two[1]!),
      /has no record/,
      ["one"],
    ],
  ];
  for (const [damage, finding, kept] of table) {
    const store = await pulledStore();
    damage(store);
    const [found, left] = repaired(store.root);
    assert.match(found.join("\n"), finding);
    assert.match(found[0]!, /^image sha256:[0-9a-f]{64} \(127.0.0.1:\d+\/checked:(one|two)\): layer sha256:/);
    assert.deepEqual(left, []);
    assert.deepEqual(await names(store.root), kept);
  }
});

test("records that contradict each other cost the image; what cannot be read goes", async () => {
  const table: [damage: (store: Store) => void, finding: RegExp, kept: string[]][] = [
    [
      ({ root, one }) =>
        change(root, "UPDATE images SET record = json_remove(record, '$.manifestDigest') WHERE id = ?", one),
      /record sha256:\w+ of images: it cannot be read/,
      ["two"],
    ],
    [
      ({ root, one }) =>
        change(root, "UPDATE images SET record = json_set(record, '$.manifest', '{}') WHERE id = ?", one),
      /\(.*:one\): its manifest has the digest sha256:/,
      ["two"],
    ],
    [
      ({ root, two, chain }) =>
        change(
          root,
          `UPDATE images SET record = json_set(record, '$.layers[1]', ?) WHERE id = ?`,
          chain.one[1]!,
          two,
        ),
      /:two\): its layers are not those of its configuration/,
      ["one"],
    ],
    [
      ({ root, two }) => change(root, "UPDATE images SET record = '{' WHERE id = ?", two),
      /of images: it cannot/,
      ["one"],
    ],
    [
      ({ root, chain }) =>
        change(
          root,
          "UPDATE layers SET record = json_set(record, '$.unsyncedBoot', 'b') WHERE id = ?",
          chain.two[1]!,
        ),
      /:two\): layer .* may not have reached the disk/,
      ["one"],
    ],
  ];
  for (const [damage, finding, kept] of table) {
    const store = await pulledStore();
    damage(store);
    const [found, left] = repaired(store.root);
    assert.match(found.join("\n"), finding);
    assert.deepEqual(left, []);
    assert.deepEqual(await names(store.root), kept);
  }
});

test("an image in use stays, damaged or not; so does one that shares the damaged layer", async () => {
  const { root, one, chain, layer } = await pulledStore();
  rmSync(join(layer(chain.one[0]!), "common"));
  const users: StoreUser[] = [
    { kind: "container", id: "c1", imageIds: [one] },
    { kind: "pod sandbox", id: "p1", imageIds: [`sha256:${"0".repeat(64)}`] },
  ];
  const [found, left] = repaired(root, users);
  assert.deepEqual(left, found);
  assert.equal(found.filter((text) => text.endsWith("remove container c1 first: it is in use")).length, 2);
  assert.match(found.at(-1)!, /^pod sandbox p1: its image sha256:0+ is not here/);
  assert.deepEqual(repaired(root)[1], []);
  assert.deepEqual(await names(root), []);
});

test("what nobody owns is found by its path, and removed", async () => {
  const { root } = await pulledStore();
  const folders = ["overlay/zz", "overlay-containers/gone", `overlay-shared/${"1".repeat(64)}`];
  for (const name of folders) mkdirSync(join(root, name, "sub"), { recursive: true });
  const partial = join("blobs", "sha256", `${"2".repeat(64)}.partial`);
  writeFileSync(join(root, partial), "half");
  const paths = [...folders, partial].map((name) => join(root, name));
  const [found, left] = repaired(root);
  assert.deepEqual(
    found.map((text) => text.slice(0, text.indexOf(": "))),
    paths,
  );
  assert.deepEqual(left, []);
  for (const path of paths) assert.ok(!existsSync(path));
  assert.deepEqual(await names(root), ["one", "two"]);
});
