import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DeviceNames } from "./devices.ts";

test("names as sysfs has them, numbers where it has none", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "critter-devices-"));
  t.after(() => rmSync(folder, { recursive: true }));
  symlinkSync("../../devices/virtual/block/dm-0", join(folder, "252:0"));
  symlinkSync("../../devices/pci0/cciss!c0d0", join(folder, "104:0"));
  const devices = new DeviceNames(folder);
  assert.equal(devices.nameOf(252, 0), "/dev/dm-0");
  assert.equal(devices.nameOf(104, 0), "/dev/cciss/c0d0");
  assert.equal(devices.nameOf(7, 1), "7:1");
  unlinkSync(join(folder, "252:0"));
  assert.equal(devices.nameOf(252, 0), "/dev/dm-0", "remembered");
});
