import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { readNetworkFolder } from "./network-config.ts";

let folder: string;
const folders: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "critter-cni-config-"));
  folders.push(folder);
});
after(() => {
  for (const path of folders) rmSync(path, { recursive: true });
});

const write = (file: string, content: unknown) =>
  writeFileSync(join(folder, file), typeof content === "string" ? content : JSON.stringify(content));
const list = (more: object) => ({ cniVersion: "1.0.0", name: "net", plugins: [{ type: "bridge" }], ...more });

test("the first valid file in the order of names holds; broken ones are named", () => {
  write("00-broken.conflist", "{");
  write("05-ignored.yaml", list({ name: "yaml" }));
  write("20-second.conflist", list({ name: "second" }));
  write("10-first.json", list({ name: "first" }));
  const reading = readNetworkFolder(folder);
  assert.equal(reading.network?.name, "first");
  assert.equal(reading.network?.source, join(folder, "10-first.json"));
  assert.equal(reading.faults.length, 1);
  assert.match(reading.faults[0]!, /00-broken\.conflist: .*JSON/);
});

test("a network can be chosen by its name", () => {
  write("10-first.conflist", list({ name: "first" }));
  write("20-second.conflist", list({ name: "second" }));
  assert.equal(readNetworkFolder(folder, "second").network?.name, "second");
  assert.match(readNetworkFolder(folder, "third").problem!, /no network "third" in /);
});

test("a folder without a configuration, or none at all, is a problem that names the folder", () => {
  assert.equal(readNetworkFolder(folder).problem, `no network configuration in ${folder}`);
  assert.equal(readNetworkFolder(`${folder}/absent`).problem, `no network configuration in ${folder}/absent`);
});

test("a single plugin becomes a list of one", () => {
  write("10.conf", { cniVersion: "0.3.1", name: "single", type: "ptp", ipam: { type: "static" } });
  const { network } = readNetworkFolder(folder);
  assert.equal(network?.cniVersion, "0.3.1");
  assert.deepEqual(
    network?.plugins.map(({ type, ipam }) => ({ type, ipam })),
    [{ type: "ptp", ipam: { type: "static" } }],
  );
});

test("the highest version that both sides speak is taken", () => {
  write("10.conflist", list({ cniVersion: "0.4.0", cniVersions: ["0.4.0", "1.1.0", "9.0.0"] }));
  assert.equal(readNetworkFolder(folder).network?.cniVersion, "1.1.0");
  write("10.conflist", list({ cniVersion: undefined }));
  assert.equal(readNetworkFolder(folder).network?.cniVersion, "0.1.0");
  write("10.conflist", list({ cniVersion: "2.0.0" }));
  assert.match(readNetworkFolder(folder).problem!, /cniVersion is "2\.0\.0": critter speaks 0\.1\.0/);
});

test("plugins beside the file are added, unless it says that it is complete", () => {
  mkdirSync(join(folder, "net"));
  writeFileSync(join(folder, "net", "20-tuning.conf"), JSON.stringify({ type: "tuning" }));
  writeFileSync(join(folder, "net", "10-portmap.conf"), JSON.stringify({ type: "portmap" }));
  const types = () => readNetworkFolder(folder).network?.plugins.map(({ type }) => type);
  write("10.conflist", list({}));
  assert.deepEqual(types(), ["bridge", "portmap", "tuning"]);
  write("10.conflist", list({ loadOnlyInlinedPlugins: true }));
  assert.deepEqual(types(), ["bridge"]);
});

test("every wrong field is named with its value", () => {
  const wrong: [object, RegExp][] = [
    [list({ name: "../net" }), /name is "\.\.\/net"/],
    [list({ name: undefined }), /name is absent/],
    [list({ plugins: [] }), /plugins is empty/],
    [list({ plugins: {} }), /plugins is \{\}/],
    [list({ plugins: [{ type: "/bin/sh" }] }), /type of plugins\[0\] is "\/bin\/sh"/],
    [list({ plugins: ["bridge"] }), /plugins\[0\] is "bridge"/],
    [list({ plugins: [{ type: "a", capabilities: [] }] }), /capabilities of plugins\[0\] is \[\]/],
    [list({ disableCheck: "maybe" }), /disableCheck is "maybe"/],
    [list({ cniVersions: "1.0.0" }), /cniVersions is "1\.0\.0": it must be a list/],
  ];
  for (const [content, message] of wrong) {
    write("10.conflist", content);
    assert.match(readNetworkFolder(folder).problem!, message);
  }
  write("10.conflist", list({ disableCheck: "true", disableGC: true }));
  const { network } = readNetworkFolder(folder);
  assert.deepEqual([network?.disableCheck, network?.disableGC], [true, true]);
});
