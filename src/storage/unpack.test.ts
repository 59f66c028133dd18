import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { type RawEntry, rawTar } from "../../test/images/raw-tar.ts";
import { getXattr, setXattr } from "../linux/files.ts";
import { UnpackPool } from "./unpack.ts";
import { type BlobSource, UnpackError } from "./unpack-lane.ts";
import { SLOT_BYTES } from "./unpack-messages.ts";

const root = mkdtempSync(join(tmpdir(), "critter-unpack-"));
const pool = new UnpackPool({ size: 2 });
after(async () => {
  await pool.close();
  rmSync(root, { recursive: true });
});

let count = 0;
const newFolder = () => join(root, `layer${++count}`);
const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

function inChunks(blob: Buffer, size = 50_000): BlobSource {
  return from(async function* () {
    for (let at = 0; at < blob.length; at += size) yield blob.subarray(at, at + size);
  });
}

function from(chunks: (stop: AbortSignal) => AsyncIterable<Buffer>): BlobSource {
  return { open: async (stop) => Readable.from(chunks(stop), { objectMode: false }) };
}

async function unpack(blob: Buffer) {
  const folder = newFolder();
  const layer = await pool.unpack({ folder, digest: digestOf(blob) }, inChunks(blob));
  return { folder, layer, at: (name: string) => join(folder, name) };
}
const unpackEntries = (...entries: RawEntry[]) => unpack(rawTar(entries));

test("files with owners, modes, times, links, devices and attributes", async () => {
  const capability = Buffer.from("0100000200040000000000000000000000000000", "hex");
  const { at, layer } = await unpackEntries(
    { name: "./", type: "5", mode: 0o711, mtime: 5 },
    { name: "d/", type: "5", mode: 0o2750, uid: 7, gid: 8, mtime: 1000 },
    { name: "d/suid", content: "x", mode: 0o4755, uid: 1000, gid: 1001, mtime: 1_700_000_000 },
    { name: "d/times", pax: { mtime: "1700000000.123456789" } },
    { name: "d/hard", type: "1", linkName: "d/suid" },
    { name: "d/soft", type: "2", linkName: "/nowhere", uid: 5, gid: 6, mtime: 99 },
    { name: "null", type: "3", device: [1, 3], mode: 0o666, uid: 1 },
    { name: "disk", type: "4", device: [259, 1048575], mode: 0o660 },
    { name: "fifo", type: "6", mode: 0o600 },
    { name: "far", uid: 2 ** 31, gid: 2 ** 31 - 1 },
    {
      name: "able",
      uid: 3,
      pax: { "SCHILY.xattr.security.capability": capability, "SCHILY.xattr.user.note": "n" },
    },
    { name: "evil", pax: { "SCHILY.xattr.trusted.overlay.redirect": "/etc" } },
  );
  const mode = (name: string) => lstatSync(at(name)).mode & 0o7777;
  assert.equal(mode("."), 0o711);
  assert.equal(lstatSync(at(".")).mtimeMs, 5000);
  assert.equal(mode("d"), 0o2750);
  assert.deepEqual([lstatSync(at("d")).uid, lstatSync(at("d")).gid, lstatSync(at("d")).mtimeMs], [7, 8, 1e6]);
  assert.equal(mode("d/suid"), 0o4755);
  assert.deepEqual([lstatSync(at("d/suid")).uid, lstatSync(at("d/suid")).gid], [1000, 1001]);
  assert.equal(lstatSync(at("d/suid")).mtimeMs, 1_700_000_000_000);
  assert.equal(lstatSync(at("d/times"), { bigint: true }).mtimeNs, 1_700_000_000_123_456_789n);
  assert.deepEqual([lstatSync(at("d/times")).uid, lstatSync(at("d/times")).gid], [0, 0]);
  assert.equal(lstatSync(at("d/hard")).ino, lstatSync(at("d/suid")).ino);
  const soft = lstatSync(at("d/soft"));
  assert.deepEqual(
    [readlinkSync(at("d/soft")), soft.uid, soft.gid, soft.mtimeMs],
    ["/nowhere", 5, 6, 99_000],
  );
  assert.ok(lstatSync(at("null")).isCharacterDevice());
  assert.deepEqual([lstatSync(at("null")).rdev, mode("null"), lstatSync(at("null")).uid], [0x103, 0o666, 1]);
  assert.ok(lstatSync(at("disk")).isBlockDevice());
  assert.equal(lstatSync(at("disk")).rdev, 0xfff103ff);
  assert.ok(lstatSync(at("fifo")).isFIFO());
  assert.deepEqual([lstatSync(at("far")).uid, lstatSync(at("far")).gid], [2 ** 31, 2 ** 31 - 1]);
  assert.deepEqual(getXattr(at("able"), "security.capability"), capability);
  assert.equal(String(getXattr(at("able"), "user.note")), "n");
  assert.equal(getXattr(at("evil"), "trusted.overlay.redirect"), undefined);
  assert.deepEqual(layer.implicitFolders, []);
  assert.deepEqual([layer.bytes, layer.inodes], [4096 + 4096, 10]);
});

test("gzip, zstd and plain layers, in one piece or several", async () => {
  const archive = rawTar([{ name: "f", content: Buffer.alloc(3_000_000, "content ") }]);
  const half = 1_000_000;
  const halves = [archive.subarray(0, half), archive.subarray(half)];
  const blobs = [
    archive,
    gzipSync(archive),
    zstdCompressSync(archive),
    Buffer.concat(halves.map((part) => gzipSync(part))),
    Buffer.concat(halves.map((part) => zstdCompressSync(part))),
    Buffer.concat([gzipSync(archive), Buffer.alloc(1000)]),
  ];
  for (const blob of blobs) {
    const { at, layer } = await unpack(blob);
    assert.deepEqual([layer.digest, layer.diffId], [digestOf(blob), digestOf(archive)]);
    assert.equal(lstatSync(at("f")).size, 3_000_000);
  }
});

test("whiteouts become devices 0/0 and opaque folders", async () => {
  const { at, layer } = await unpackEntries(
    { name: "d/.wh.gone" },
    { name: "opaque/", type: "5" },
    { name: "opaque/.wh..wh..opq" },
    { name: "opaque/new", content: "x" },
    { name: "both", content: "x" },
    { name: ".wh.both" },
    { name: ".wh.again" },
    { name: "again", content: "x" },
    { name: ".wh.folder" },
    { name: "folder/", type: "5" },
    { name: "kept/", type: "5" },
    { name: ".wh.kept" },
    { name: ".wh..wh.plnk/", type: "5" },
  );
  const isWhiteout = (name: string) =>
    lstatSync(at(name)).isCharacterDevice() && lstatSync(at(name)).rdev === 0;
  const isOpaque = (name: string) => String(getXattr(at(name), "trusted.overlay.opaque")) === "y";
  assert.ok(isWhiteout("d/gone"));
  assert.ok(isOpaque("opaque"));
  assert.deepEqual(readdirSync(at("opaque")), ["new"]);
  assert.equal(readFileSync(at("both"), "utf8"), "x");
  assert.equal(readFileSync(at("again"), "utf8"), "x");
  assert.ok(isOpaque("folder"));
  assert.ok(isOpaque("kept"));
  assert.ok(!isOpaque("d"));
  assert.ok(!existsSync(at(".wh..wh.plnk")));
  assert.deepEqual(layer.implicitFolders, ["/", "/d"]);
  assert.equal(layer.opaque, false);
  assert.equal((await unpackEntries({ name: ".wh..wh..opq" })).layer.opaque, true);
});

test("later entries replace earlier ones", async () => {
  const { at } = await unpackEntries(
    { name: "a", content: "old" },
    { name: "a", content: "new" },
    { name: "b/", type: "5" },
    { name: "b/file", content: "x" },
    { name: "b", type: "2", linkName: "c" },
    { name: "b/through", content: "x" },
    { name: "e", type: "2", linkName: "nowhere" },
    { name: "e/", type: "5" },
    { name: "e/file", content: "x" },
    { name: "g/", type: "5", mode: 0o700 },
    { name: "g/", type: "5", mode: 0o750 },
    { name: "h", content: "h" },
    { name: "h", type: "1", linkName: "./h" },
    { name: Buffer.from([0x66, 0xe9]), content: "old" },
    { name: Buffer.from([0x66, 0xe9]), type: "5" },
  );
  assert.equal(readFileSync(at("a"), "utf8"), "new");
  assert.equal(readlinkSync(at("b")), "c");
  assert.deepEqual(readdirSync(at("c")), ["through"]);
  assert.deepEqual(readdirSync(at("e")), ["file"]);
  assert.equal(lstatSync(at("g")).mode & 0o777, 0o750);
  assert.equal(readFileSync(at("h"), "utf8"), "h");
  const odd = Buffer.concat([Buffer.from(`${at("f")}`), Buffer.from([0xe9])]);
  assert.ok(lstatSync(odd).isDirectory());
});

/** Everything in and about a folder. */
function snapshot(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const { mode, uid, nlink, size, mtimeMs } = lstatSync(path);
    return [path, mode, uid, nlink, size, mtimeMs].join(" ");
  });
}

test("nothing outside the layer's folder changes, whatever the entries say", async () => {
  const outside = mkdtempSync(join(tmpdir(), "critter-outside-"));
  const secret = join(outside, "secret");
  writeFileSync(secret, "untouched");
  const before = snapshot(outside);
  const up = "../".repeat(20);
  const harmless: RawEntry[][] = [
    [{ name: `${up}${secret}`, content: "evil" }],
    [{ name: `x/${up}${secret}`, content: "evil" }],
    [{ name: secret, content: "evil" }],
    [
      { name: "l", type: "2", linkName: outside },
      { name: "l/secret", content: "evil" },
    ],
    [
      { name: "l", type: "2", linkName: `${up}${outside}` },
      { name: "l/secret", content: "evil" },
    ],
    [
      { name: "l", type: "2", linkName: secret },
      { name: "l", content: "evil" },
    ],
    [
      { name: "l", type: "2", linkName: outside },
      { name: "l/", type: "5", mode: 0o777 },
    ],
    [{ name: "l", type: "2", linkName: outside }, { name: "l/.wh.secret" }],
    [{ name: "l", type: "2", linkName: outside }, { name: "l/.wh..wh..opq" }],
    [{ name: `${up}${outside}/.wh.secret` }],
  ];
  const refused: RawEntry[][] = [
    [{ name: "h", type: "1", linkName: secret }],
    [{ name: "h", type: "1", linkName: `${up}${secret}` }],
    [
      { name: "l", type: "2", linkName: outside },
      { name: "h", type: "1", linkName: "l/secret" },
    ],
    [{ name: "sub/.wh..." }],
    [{ name: "sub/.wh.." }],
    [{ name: "sub/.wh." }],
    [
      { name: "l", type: "2", linkName: "l" },
      { name: "l/f", content: "x" },
    ],
    [{ name: "file" }, { name: "file/below" }],
    [{ name: ".", content: "x" }],
    [{ name: "..", type: "2", linkName: outside }],
    [{ name: "deep", pax: { path: "d/".repeat(2100) } }],
  ];
  try {
    for (const entries of harmless) await unpackEntries(...entries);
    for (const entries of refused) {
      await assert.rejects(unpackEntries(...entries), UnpackError, JSON.stringify(entries));
    }
    assert.deepEqual(snapshot(outside), before);
    assert.equal(readFileSync(secret, "utf8"), "untouched");
  } finally {
    rmSync(outside, { recursive: true });
  }
});

test("what breaks says how, and gives the digest of what came", async () => {
  const archive = rawTar([{ name: "f", content: "x".repeat(100_000) }]);
  const cut = gzipSync(archive).subarray(0, 100);
  const noise = Buffer.concat([gzipSync(archive).subarray(0, 60), Buffer.alloc(500_000, 7)]);
  for (const blob of [cut, noise, archive.subarray(0, 50_000), Buffer.alloc(200_000, "no tar")]) {
    await assert.rejects(unpack(blob), (error: UnpackError) => error.digest === digestOf(blob));
  }
});

test("a source that fails, and a caller who gives up, leave a worker that goes on working", async () => {
  const archive = rawTar([{ name: "f", content: Buffer.alloc(5_000_000) }]);
  const failing = async function* () {
    yield archive.subarray(0, 1_000_000);
    throw new Error("the line went dead");
  };
  const digest = digestOf(archive);
  // More often than there are slots, of which none may be lost.
  for (let i = 0; i < 20; i++) {
    await assert.rejects(pool.unpack({ folder: newFolder(), digest }, from(failing)), /went dead/);
  }
  const controller = new AbortController();
  const stalling = async function* (stop: AbortSignal) {
    yield archive.subarray(0, 1_000_000);
    setImmediate(() => controller.abort(new Error("enough")));
    await new Promise((_, reject) => stop.addEventListener("abort", () => reject(stop.reason)));
  };
  await assert.rejects(
    pool.unpack({ folder: newFolder(), digest }, from(stalling), controller.signal),
    /enough/,
  );
  const nowhere = join(newFolder(), "layer");
  await assert.rejects(pool.unpack({ folder: nowhere, digest }, inChunks(archive)), /ENOENT/);
  assert.equal((await unpack(archive)).layer.diffId, digest);
});

test("an unfinished blob on disk is taken up where it ends", async () => {
  const archive = rawTar([{ name: "f", content: Buffer.alloc(1_000_000, "abc") }]);
  const blob = gzipSync(archive, { level: 0 });
  const partial = join(root, "blob.partial");
  writeFileSync(partial, blob.subarray(0, 300_000));
  const folder = newFolder();
  const rest = inChunks(blob.subarray(300_000));
  const layer = await pool.unpack({ folder, digest: digestOf(blob), partial }, rest);
  assert.deepEqual([layer.digest, layer.diffId], [digestOf(blob), digestOf(archive)]);
  assert.ok(!existsSync(partial));
});

test("an unfinished blob on disk grows by what came of the rest", async () => {
  const blob = gzipSync(rawTar([{ name: "f", content: Buffer.alloc(1_000_000, "abc") }]), { level: 0 });
  const partial = join(root, "broken-off.partial");
  writeFileSync(partial, blob.subarray(0, 300_000));
  const rest = from(async function* () {
    yield blob.subarray(300_000, 300_000 + 2 * SLOT_BYTES);
    throw new Error("the line went dead");
  });
  await assert.rejects(pool.unpack({ folder: newFolder(), digest: digestOf(blob), partial }, rest), /dead/);
  const kept = readFileSync(partial);
  assert.ok(kept.length > 300_000);
  assert.deepEqual(kept, blob.subarray(0, kept.length));
});

test("lanes that share a thread keep to the folder of their own layer", async (t) => {
  const one = new UnpackPool({ size: 3, threads: 1 });
  t.after(() => one.close());
  const names = ["a", "b", "c", "d"];
  const layers = names.map(async (name) => {
    const entries = Array.from({ length: 40 }, (_, at) => ({
      name: `/${name}/${at % 7}/${at}`,
      content: Buffer.alloc(20_000, name),
    }));
    const blob = gzipSync(rawTar([...entries, { name: "../out", content: name }]), { level: 0 });
    const folder = newFolder();
    const slowly = from(async function* () {
      for (let at = 0; at < blob.length; at += SLOT_BYTES) {
        yield blob.subarray(at, at + SLOT_BYTES);
        await new Promise(setImmediate);
      }
    });
    await one.unpack({ folder, digest: digestOf(blob) }, slowly);
    return folder;
  });
  const folders = await Promise.all(layers);
  for (const [at, folder] of folders.entries()) {
    const name = names[at]!;
    assert.deepEqual(readdirSync(folder).toSorted(), [name, "out"].toSorted());
    assert.equal(readFileSync(join(folder, "out"), "utf8"), name);
    for (let file = 0; file < 40; file++)
      assert.equal(
        readFileSync(join(folder, name, String(file % 7), String(file)), "utf8"),
        name.repeat(20_000),
      );
  }
});

test("folders without an entry look like those of the layers below", async () => {
  const base = await unpackEntries(
    { name: "tmp/", type: "5", mode: 0o1777, uid: 4, gid: 5, mtime: 77 },
    { name: "gone/", type: "5", mode: 0o700, uid: 9 },
    { name: "opaque/inner/", type: "5", mode: 0o700, uid: 9 },
    { name: "./", type: "5", mode: 0o711 },
  );
  setXattr(base.at("tmp"), "user.kept", Buffer.from("k"));
  const middle = await unpackEntries({ name: ".wh.gone" }, { name: "opaque/.wh..wh..opq" });
  const top = await unpackEntries(
    { name: "tmp/file" },
    { name: "gone/file" },
    { name: "opaque/inner/file" },
    { name: "new/file" },
  );
  const { implicitFolders } = top.layer;
  assert.deepEqual(implicitFolders, ["/", "/tmp", "/gone", "/opaque", "/opaque/inner", "/new"]);
  await pool.inherit(middle.folder, middle.layer.implicitFolders, [base.folder]);
  await pool.inherit(top.folder, implicitFolders, [middle.folder, base.folder]);
  const tmp = lstatSync(top.at("tmp"));
  assert.deepEqual([tmp.mode & 0o7777, tmp.uid, tmp.gid, tmp.mtimeMs], [0o1777, 4, 5, 77_000]);
  assert.equal(String(getXattr(top.at("tmp"), "user.kept")), "k");
  assert.equal(lstatSync(top.folder).mode & 0o7777, 0o711);
  for (const name of ["gone", "opaque/inner", "new"]) {
    const { mode, uid } = lstatSync(top.at(name));
    assert.deepEqual([mode & 0o7777, uid], [0o755, 0], name);
  }
});

test("workers end when there is nothing to do, and start again", async () => {
  const brief = new UnpackPool({ size: 1, idleMs: 1 });
  for (let i = 0; i < 2; i++) {
    const archive = rawTar([{ name: "f" }]);
    await brief.unpack({ folder: newFolder(), digest: digestOf(archive) }, inChunks(archive));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await brief.close();
});
