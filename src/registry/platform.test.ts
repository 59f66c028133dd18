import assert from "node:assert/strict";
import { test } from "node:test";
import type { Descriptor, Platform } from "./descriptor.ts";
import { choosePlatform, hostPlatform, listPlatforms } from "./platform.ts";

function entry(name: string): Descriptor {
  const [os = "", architecture = "", variant] = name.split("/");
  const platform: Platform = { os, architecture, ...(variant && { variant }) };
  return { mediaType: "m", digest: name, size: 1, ...(name && { platform }) };
}

function platform(name: string): Platform {
  return entry(name).platform!;
}

const choices: [wanted: string, offered: string[], chosen: string | undefined][] = [
  ["linux/amd64", ["linux/arm64", "linux/amd64", "windows/amd64"], "linux/amd64"],
  ["linux/amd64", ["linux/amd64/v3", "linux/amd64/v1"], "linux/amd64/v1"],
  ["linux/amd64", ["linux/amd64/v3"], undefined],
  ["linux/amd64/v3", ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"], "linux/amd64/v2"],
  ["linux/arm/v7", ["linux/arm/v5", "linux/arm/v6", "linux/arm64/v8"], "linux/arm/v6"],
  ["linux/arm/v6", ["linux/arm/v7", "linux/arm/v5"], "linux/arm/v5"],
  ["linux/arm/v6", ["linux/arm"], undefined],
  ["linux/arm64", ["linux/arm64/v8"], "linux/arm64/v8"],
  ["linux/amd64", ["windows/amd64", "unknown/unknown"], undefined],
  ["linux/amd64", ["linux/arm64", ""], ""],
  ["linux/amd64", ["", ""], undefined],
];

for (const [wanted, offered, chosen] of choices) {
  test(`${wanted} of ${offered.join(", ")} is ${chosen}`, () => {
    assert.equal(choosePlatform(offered.map(entry), platform(wanted))?.digest, chosen);
  });
}

test("what an index has is listed without attestations and doubles", () => {
  const manifests = ["linux/arm64/v8", "unknown/unknown", "linux/arm64/v8", "windows/amd64"].map(entry);
  assert.equal(listPlatforms(manifests), "linux/arm64/v8, windows/amd64");
  assert.equal(listPlatforms([]), "nothing");
});

test("the host is named as Go names it", () => {
  assert.equal(hostPlatform().os, "linux");
  assert.doesNotMatch(hostPlatform().architecture, /x64|ia32/);
});
