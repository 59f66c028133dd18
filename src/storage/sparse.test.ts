import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, test } from "node:test";
import { type RawEntry, rawHeader, rawTar } from "../../test/images/raw-tar.ts";
import { TarError } from "./tar-header.ts";
import { type TarEntry, TarReader } from "./tar-reader.ts";
import { UnpackPool } from "./unpack.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-sparse-"));
after(() => rmSync(folder, { recursive: true }));

interface Read {
  entry: TarEntry;
  data: [position: number, text: string][];
}

function read(archive: Buffer, chunk = archive.length): Read[] {
  const files: Read[] = [];
  const reader = new TarReader({
    entry: (entry) => files.push({ entry, data: [] }),
    data: (bytes, position) => {
      const { data } = files.at(-1)!;
      const [start, text] = data.at(-1) ?? [0, ""];
      // What came in several chunks counts as one.
      if (data.length > 0 && start + text.length === position) data.at(-1)![1] += bytes.toString();
      else data.push([position, bytes.toString()]);
    },
    endFile: () => {},
  });
  for (let at = 0; at < archive.length; at += chunk) reader.write(archive.subarray(at, at + chunk));
  reader.end();
  return files;
}

/** A file of a tebibyte with words at every 100 MiB, more of them than fit in a header. */
function makeSparse(name: string): Read["data"] {
  const fd = openSync(join(folder, name), "w");
  const data = Array.from({ length: 40 }, (_, i): [number, string] => [
    i * 100 * 2 ** 20,
    `word ${i} `.repeat(1024).slice(0, 4096),
  ]);
  for (const [position, text] of data) writeSync(fd, text, position);
  ftruncateSync(fd, 2 ** 40);
  closeSync(fd);
  return data;
}

test("every form that GNU tar writes is read, whatever the chunks", () => {
  const name = `${"long".repeat(30)}.img`;
  const data = makeSparse(name);
  const forms = [
    ["--format=gnu"],
    ...["0.0", "0.1", "1.0"].map((v) => ["--format=posix", `--sparse-version=${v}`]),
  ];
  for (const form of forms) {
    const archive = execFileSync("tar", ["-cS", ...form, "--hole-detection=seek", "-C", folder, name, name], {
      maxBuffer: 2 ** 24,
    });
    for (const chunk of [archive.length, 513, 7]) {
      const [file] = read(archive, chunk);
      assert.deepEqual(
        [file!.entry.path, file!.entry.type, file!.entry.size],
        [name, "file", 2 ** 40],
        form.join(),
      );
      assert.deepEqual(file!.data, data);
      assert.equal(file!.entry.fragments!.filter(({ length }) => length > 0).length, data.length);
    }
  }
});

test("it is unpacked with its holes, and they are not accounted for", async () => {
  const data = makeSparse("holes");
  const tar = ["-cS", "--format=gnu", "--hole-detection=seek", "-C", folder, "holes"];
  const archive = execFileSync("tar", tar, { maxBuffer: 2 ** 24 });
  const target = join(folder, "layer");
  const pool = new UnpackPool({ size: 1 });
  try {
    const { bytes, inodes } = await pool.unpack(
      { folder: target, digest: "sha256:" },
      { open: async () => Readable.from([archive], { objectMode: false }) },
    );
    assert.deepEqual([bytes, inodes], [40 * 4096, 1]);
  } finally {
    await pool.close();
  }
  const { size, blocks, mtimeMs } = statSync(join(target, "holes"));
  assert.equal(size, 2 ** 40);
  assert.ok(blocks * 512 < 1_000_000, `${blocks} blocks`);
  assert.equal(mtimeMs, Math.floor(statSync(join(folder, "holes")).mtimeMs / 1000) * 1000);
  const fd = openSync(join(target, "holes"), "r");
  const read = Buffer.alloc(4096);
  for (const [position, text] of data) {
    readSync(fd, read, 0, read.length, position);
    assert.equal(read.toString(), text);
  }
  closeSync(fd);
});

const pax = (records: Record<string, string>, content = ""): RawEntry => ({
  name: "s",
  content,
  pax: records,
});
const version1 = { "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "100" };
const padded = (text: string) => text.padEnd(512, "\0");

test("a file may be all hole, and what follows is read", () => {
  const archive = rawTar([
    pax({ "GNU.sparse.size": "1000", "GNU.sparse.map": "" }),
    pax({ ...version1, "GNU.sparse.name": "real" }, `${padded("1\n10\n3\n")}abc`),
    { name: "next", content: "x" },
  ]);
  const files = read(archive);
  assert.deepEqual(
    files.map(({ entry, data }) => [entry.path, entry.size, data]),
    [
      ["s", 1000, []],
      ["real", 100, [[10, "abc"]]],
      ["next", 1, [[0, "x"]]],
    ],
  );
});

test("maps that contradict themselves are refused", () => {
  const map = (map: string, content = "abcd") =>
    rawTar([pax({ "GNU.sparse.size": "100", "GNU.sparse.map": map }, content)]);
  const table: [string, Buffer, RegExp][] = [
    ["overlapping", map("0,2,1,2"), /not in order/],
    ["backwards", map("50,2,0,2"), /not in order/],
    ["beyond the end", map("98,4"), /beyond its 100/],
    ["too little", map("0,2"), /2 bytes, its content has 4/],
    ["too much", map("0,20"), /20 bytes, its content has 4/],
    ["half a pair", map("0,2,4"), /without a length/],
    ["no number", map("0,x"), /"x" for a number/],
    ["no numbers in the content", rawTar([pax(version1, "x".repeat(1024))]), /no numbers/],
    ["a map without end", rawTar([pax(version1, "900\n".padEnd(512, "1\n"))]), /longer than its content/],
    ["a map of too many", rawTar([pax(version1, "99999999\n".padEnd(2 ** 20, "1\n"))]), /over 65536/],
    ["another version", rawTar([pax({ ...version1, "GNU.sparse.major": "2" })]), /version 2\.0/],
    ["a header's map that breaks off", brokenOff(), /breaks off/],
  ];
  for (const [name, archive, message] of table) {
    assert.throws(
      () => read(archive),
      (error: Error) => error instanceof TarError && message.test(error.message),
      name,
    );
  }
});

/** The header says that its map goes on, and nothing comes. */
function brokenOff(): Buffer {
  const header = rawHeader({ name: "s", type: "S", magic: "ustar  \0" });
  header[482] = 1;
  header.write(" ".repeat(8), 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}
