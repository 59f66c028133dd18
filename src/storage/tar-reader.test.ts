import assert from "node:assert/strict";
import { test } from "node:test";
import { type RawEntry, rawHeader, rawTar } from "../../test/images/raw-tar.ts";
import { TarError } from "./tar-header.ts";
import { type TarEntry, TarReader } from "./tar-reader.ts";

interface Read extends TarEntry {
  content: string;
}

/** Reads an archive in chunks of the given size. */
function read(archive: Buffer, chunk = archive.length): Read[] {
  const entries: Read[] = [];
  let ended = 0;
  const reader = new TarReader({
    entry: (entry) => entries.push({ ...entry, content: "" }),
    data: (bytes) => {
      entries.at(-1)!.content += bytes.toString("latin1");
    },
    endFile: () => ended++,
  });
  for (let at = 0; at < archive.length; at += chunk) reader.write(archive.subarray(at, at + chunk));
  reader.end();
  assert.equal(ended, entries.filter(({ type }) => type === "file").length);
  return entries;
}

const readOne = (...entries: RawEntry[]) => read(rawTar(entries))[0]!;
const long = `${"folder/".repeat(30)}file`;

test("every type of entry, with its fields", () => {
  const table: [RawEntry, Partial<Read>][] = [
    [
      { name: "f", content: "hello", mode: 0o4755, uid: 1000, gid: 50, mtime: 1_700_000_000 },
      { type: "file", content: "hello", mode: 0o4755, uid: 1000, gid: 50, mtime: 1_700_000_000 },
    ],
    [{ name: "empty" }, { type: "file", content: "" }],
    [
      { name: "old", type: "\0", content: "x" },
      { type: "file", content: "x" },
    ],
    [{ name: "old/", type: "\0" }, { type: "directory" }],
    [{ name: "contiguous", type: "7", content: "x" }, { type: "file" }],
    [
      { name: "h", type: "1", linkName: "f" },
      { type: "hardlink", linkPath: "f" },
    ],
    [
      { name: "s", type: "2", linkName: "../f" },
      { type: "symlink", linkPath: "../f" },
    ],
    [
      { name: "c", type: "3", device: [1, 3] },
      { type: "character-device", major: 1, minor: 3 },
    ],
    [
      { name: "b", type: "4", device: [8, 0] },
      { type: "block-device", major: 8, minor: 0 },
    ],
    [
      { name: "d/", type: "5", mode: 0o1777 },
      { type: "directory", mode: 0o1777 },
    ],
    [{ name: "p", type: "6" }, { type: "fifo" }],
  ];
  for (const [written, expected] of table) {
    const entry = readOne(written);
    assert.equal(entry.path, written.name);
    for (const [key, value] of Object.entries(expected))
      assert.deepEqual(entry[key as keyof Read], value, key);
  }
});

test("long names: POSIX prefix, GNU, PAX", () => {
  assert.equal(readOne({ name: "file", prefix: "a/b" }).path, "a/b/file");
  // GNU keeps times where POSIX has the prefix.
  assert.equal(readOne({ name: "file", prefix: "0123", magic: "ustar  \0" }).path, "file");
  const gnu = readOne(
    { name: "././@LongLink", type: "L", content: `${long}\0` },
    { name: "././@LongLink", type: "K", content: `${long}/target\0` },
    { name: long, type: "2", linkName: "cut" },
  );
  assert.deepEqual([gnu.path, gnu.linkPath], [long, `${long}/target`]);
  const pax = readOne({ name: "cut", type: "1", pax: { path: long, linkpath: `${long}/target` } });
  assert.deepEqual([pax.path, pax.linkPath], [long, `${long}/target`]);
  const [, next] = read(rawTar([{ name: "a", pax: { path: long } }, { name: "next" }]));
  assert.equal(next!.path, "next");
});

test("PAX: sizes, owners, times, attributes", () => {
  const entry = readOne({
    name: "f",
    content: "12345",
    size: 0,
    pax: {
      size: "5",
      uid: "3000000000",
      gid: "7",
      mtime: "1700000000.123456789",
      comment: "of no interest",
      "SCHILY.xattr.user.binary": Buffer.from([0, 255, 10, 61]),
      "LIBARCHIVE.xattr.user.name%20b": Buffer.from("dmFsdWU"),
    },
  });
  assert.equal(entry.content, "12345");
  assert.deepEqual([entry.uid, entry.gid], [3_000_000_000, 7]);
  assert.deepEqual([entry.mtime, entry.mtimeNanoseconds], [1_700_000_000, 123_456_789]);
  assert.deepEqual(entry.xattrs.get("user.binary"), Buffer.from([0, 255, 10, 61]));
  assert.deepEqual(entry.xattrs.get("user.name b"), Buffer.from("value"));
  const early = readOne({ name: "f", pax: { mtime: "-1.25" } });
  assert.deepEqual([early.mtime, early.mtimeNanoseconds], [-2, 750_000_000]);
});

test("numbers beyond octal, and before 1970", () => {
  const entry = readOne({ name: "f", uid: 2 ** 31, gid: 2_097_152, mtime: -5 });
  assert.deepEqual([entry.uid, entry.gid, entry.mtime], [2 ** 31, 2_097_152, -5]);
});

test("names that are not UTF-8 keep their bytes", () => {
  assert.equal(readOne({ name: Buffer.from([0x66, 0xe9]) }).path, "f\u00e9");
});

test("chunks may end anywhere, and what follows the end is passed over", () => {
  const archive = Buffer.concat([
    rawTar([
      { name: "a", content: "x".repeat(1000) },
      { name: "b", pax: { path: long } },
      { name: "c", content: "y".repeat(512) },
    ]),
    Buffer.from("rubbish"),
  ]);
  const whole = read(archive);
  assert.deepEqual(
    whole.map(({ path, content }) => [path, content.length]),
    [
      ["a", 1000],
      [long, 0],
      ["c", 512],
    ],
  );
  for (const size of [1, 7, 511, 512, 513]) assert.deepEqual(read(archive, size), whole);
});

test("an archive may end without its two blocks of zeros, but only between entries", () => {
  const archive = rawTar([{ name: "a", content: "x".repeat(600) }]);
  assert.equal(read(archive.subarray(0, 512 + 1024)).length, 1);
  assert.throws(() => read(archive.subarray(0, 512 + 599)), TarError);
  assert.throws(() => read(archive.subarray(0, 100)), TarError);
  const named = rawTar([{ name: "x", pax: { path: long } }]);
  assert.throws(() => read(named.subarray(0, 1024)), /breaks off/);
});

test("broken archives are refused", () => {
  const spoilt = rawHeader({ name: "a" });
  spoilt[0] = 0x62;
  const table: [string, Buffer, RegExp][] = [
    ["no tar at all", Buffer.alloc(1024, "x"), /for a number/],
    ["a changed header", spoilt, /checksum/],
    ["an unknown type", rawTar([{ name: "v", type: "V" }]), /type "V"/],
    ["a negative size", rawTar([{ name: "n", size: -1 }]), /size of -1/],
    ["a size no number holds", rawTar([{ name: "n", pax: { size: "99999999999999999999" } }]), /size=/],
    ["a PAX record too long", rawTar([{ name: "p", type: "x", content: "99 path=a\n" }]), /malformed/],
    ["a PAX record without value", rawTar([{ name: "p", type: "x", content: "7 path\n" }]), /malformed/],
    ["a PAX record without length", rawTar([{ name: "p", type: "x", content: "path=a\n" }]), /malformed/],
    ["a PAX header of gigabytes", rawHeader({ name: "p", type: "x", size: 4e9 }), /extended header has/],
    ["a name with a NUL", rawTar([{ name: "p", pax: { path: "a\0b" } }]), /NUL/],
    ["a name beyond PATH_MAX", rawTar([{ name: "p", pax: { path: "a/".repeat(3000) } }]), /over 4095/],
  ];
  for (const [name, archive, message] of table) {
    assert.throws(
      () => read(archive),
      (error: Error) => error instanceof TarError && message.test(error.message),
      name,
    );
  }
});
