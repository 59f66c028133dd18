import assert from "node:assert/strict";
import { it } from "node:test";
import { parseDeviceEntry } from "./device-entry.ts";

it("reads a device with and without path inside and permissions", () => {
  const parse = (entry: string) => Object.values(parseDeviceEntry(entry) ?? {}).join(" ");
  assert.equal(parse("/dev/fuse"), "/dev/fuse /dev/fuse rwm");
  assert.equal(parse("/dev/fuse:r"), "/dev/fuse /dev/fuse r");
  assert.equal(parse("/dev/fuse:/dev/f"), "/dev/fuse /dev/f rwm");
  assert.equal(parse("/dev/fuse::mw"), "/dev/fuse /dev/fuse mw");
  assert.equal(parse("/srv/dev/fuse:/dev/f:rw"), "/srv/dev/fuse /dev/f rw");
});

it("refuses what is not of that form", () => {
  const wrong = [
    "",
    "fuse",
    "/dev/fuse:f",
    "/dev/fuse:/tmp/f",
    "/dev/fuse:/dev/f:rx",
    "/dev/fuse:rr",
    "/a:/dev/b:r:w",
  ];
  for (const entry of wrong) assert.equal(parseDeviceEntry(entry), undefined, entry);
});
