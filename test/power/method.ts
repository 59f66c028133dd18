/** That a cut of the power loses what it should, and nothing else: without it the trials would prove nothing. */
import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Disk, type DiskFormat } from "./disk.ts";

const BYTES = 512 * 1024 * 1024;
const TEXT = "what was written\n".repeat(1000);

/** Fails unless a file that was fsynced is whole after a cut, and those that were not are empty or gone. */
export async function proveThatCutsLose(format: DiskFormat): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "critter-power-"));
  try {
    await using disk = await Disk.make(format, folder, BYTES);
    await disk.mount();
    const path = (name: string) => join(disk.point, name);
    writeFileSync(path("before"), TEXT);
    writeFileSync(path("flushed"), TEXT);
    fsync(path("flushed"));
    writeFileSync(path("after"), TEXT);
    disk.cut();
    await disk.unmount();
    await disk.mount();
    assert.equal(readFileSync(path("flushed"), "utf8"), TEXT);
    for (const name of ["before", "after"]) {
      const left = existsSync(path(name)) ? readFileSync(path(name), "utf8") : "";
      assert.notEqual(left, TEXT, `the file ${name} survived, though nobody had flushed it`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function fsync(path: string): void {
  const fd = openSync(path, "r+");
  fsyncSync(fd);
  closeSync(fd);
}
