import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { containerDevices, privilegedDevices } from "./devices.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-devices-"));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "d/below"), { recursive: true });
execFileSync("mknod", ["-m", "0640", join(folder, "d/block"), "b", "259", "300"]);
execFileSync("mknod", [join(folder, "d/below/char"), "c", "10", "1048000"]);
execFileSync("mkfifo", [join(folder, "pipe")]);
writeFileSync(join(folder, "d/file"), "");
symlinkSync("d/block", join(folder, "link"));

const device = (hostPath: string, containerPath = "", permissions = "") => ({
  hostPath: join(folder, hostPath),
  containerPath,
  permissions,
});

test("without devices everything but the usual is denied", () => {
  const { devices, rules } = containerDevices([]);
  assert.deepEqual(devices, []);
  assert.deepEqual(rules[0], { allow: false, access: "rwm" });
  assert.deepEqual(rules[3], { allow: true, type: "c", major: 1, minor: 3, access: "rwm" });
});

test("a device by path or by link, with its numbers, mode and permissions", () => {
  const { devices, rules } = containerDevices([device("link", "/dev/disk", "r")]);
  assert.deepEqual(devices, [
    { type: "b", path: "/dev/disk", major: 259, minor: 300, fileMode: 0o640, uid: 0, gid: 0 },
  ]);
  assert.deepEqual(rules.at(-1), { allow: true, type: "b", major: 259, minor: 300, access: "r" });
});

test("a folder stands for the devices in it", () => {
  const { devices, rules } = containerDevices([device("d", "/dev/all")]);
  assert.deepEqual(
    devices.map(({ path, minor }) => [path, minor]),
    [
      ["/dev/all/below/char", 1048000],
      ["/dev/all/block", 300],
    ],
  );
  assert.equal(rules.at(-1)?.access, "rwm");
});

test("a pipe has a node and no rule", () => {
  const { devices, rules } = containerDevices([device("pipe")]);
  assert.deepEqual([devices[0]?.type, devices[0]?.path], ["p", join(folder, "pipe")]);
  assert.equal(rules.length, containerDevices([]).rules.length);
});

test("privileged: the host's devices, those of the request in their place, all allowed", () => {
  const { devices, rules } = privilegedDevices([device("d/block", "/dev/null")]);
  assert.deepEqual(
    devices.filter(({ path }) => path === "/dev/null").map(({ type }) => type),
    ["b"],
  );
  assert.ok(devices.some(({ path }) => path === "/dev/zero"));
  assert.ok(!devices.some(({ path }) => path.startsWith("/dev/pts/")));
  assert.deepEqual(rules, [{ allow: true, type: "a", access: "rwm" }]);
});

test("what is not a device is refused", () => {
  const refuse = (request: ReturnType<typeof device>, message: RegExp) =>
    assert.throws(() => containerDevices([request]), { code: status.INVALID_ARGUMENT, message });
  refuse(device("absent"), /^config\.devices\[0\]\.host_path is ".*absent": no such device/);
  refuse(device("d/file"), /not a device/);
  refuse(device("link", "", "rx"), /permissions is "rx"/);
  refuse(device("link", "", "rr"), /permissions is "rr"/);
  refuse(device("link", "dev/x"), /container_path is "dev\/x"/);
  refuse({ hostPath: "dev/null", containerPath: "", permissions: "" }, /host_path is "dev\/null"/);
});

test("a folder with very many files, and one that may not be read, are refused", () => {
  const many = join(folder, "many");
  mkdirSync(many);
  for (let count = 0; count <= 2000; count++) writeFileSync(join(many, String(count)), "");
  const refuse = (hostPath: string, reason: RegExp) =>
    assert.throws(() => containerDevices([{ hostPath, containerPath: "/d", permissions: "r" }]), {
      code: status.INVALID_ARGUMENT,
      message: reason,
    });
  refuse(many, /^config\.devices\[0\]\.host_path is ".*": a folder of more than 2000 files$/);
  refuse("/proc", /^config\.devices\[0\]\.host_path is "\/proc": /);
});
