import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { isNamespace, NamespaceMaker, removeNamespace } from "./namespaces.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-namespaces-"));
const maker = new NamespaceMaker();

after(async () => {
  await maker.close();
  rmSync(folder, { recursive: true });
});

const pathsOf = (name: string) => ({
  net: join(folder, name, "net"),
  ipc: join(folder, name, "ipc"),
  uts: join(folder, name, "uts"),
});

const inside = (paths: { net: string; ipc: string; uts: string }, ...command: string[]) =>
  execFileSync("nsenter", [`--net=${paths.net}`, `--ipc=${paths.ipc}`, `--uts=${paths.uts}`, ...command], {
    encoding: "utf8",
  }).trim();

const mountsBelow = (path: string) =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(path)).length;

test("a pod's namespaces are made, set up, pinned and removed, and the host's stay as they were", async () => {
  const paths = pathsOf("pod");
  const hostForward = readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8");
  await maker.create({
    ...paths,
    hostname: "pod-one",
    sysctls: {
      "net.ipv4.ip_forward": hostForward.trim() === "1" ? "0" : "1",
      "net/ipv4/ping_group_range": "7 70",
      "kernel.shm_rmid_forced": "1",
      "fs.mqueue.msg_max": "33",
      "kernel.domainname": "example",
    },
  });
  for (const path of Object.values(paths)) assert.ok(isNamespace(path), path);
  assert.notEqual(statSync(paths.net).ino, statSync("/proc/self/ns/net").ino);
  assert.equal(inside(paths, "uname", "-n"), "pod-one");
  assert.match(inside(paths, "ip", "-o", "addr", "show", "up"), /127\.0\.0\.1\/8.*\n.*::1\/128/);
  assert.equal(inside(paths, "cat", "/proc/sys/net/ipv4/ping_group_range"), "7\t70");
  assert.equal(inside(paths, "cat", "/proc/sys/kernel/shm_rmid_forced"), "1");
  assert.equal(inside(paths, "cat", "/proc/sys/fs/mqueue/msg_max"), "33");
  assert.equal(inside(paths, "cat", "/proc/sys/kernel/domainname"), "example");
  assert.equal(readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8"), hostForward);
  assert.notEqual(hostname(), "pod-one");

  await maker.writeSysctls({ net: paths.net }, { "net.ipv4.conf.lo.forwarding": "1" });
  assert.equal(inside(paths, "cat", "/proc/sys/net/ipv4/conf/lo/forwarding"), "1");

  for (const path of Object.values(paths)) removeNamespace(path);
  for (const path of Object.values(paths)) removeNamespace(path);
  assert.equal(existsSync(paths.net), false);
  assert.equal(mountsBelow(join(folder, "pod")), 0);
});

test("only the namespaces asked for are made, many at a time", async () => {
  const paths = Array.from({ length: 20 }, (_, i) => join(folder, "many", String(i)));
  await Promise.all(paths.map((net) => maker.create({ net })));
  assert.equal(new Set(paths.map((path) => statSync(path).ino)).size, paths.length);
  paths.forEach(removeNamespace);
  await maker.create({});
});

test("a wrong sysctl is the client's mistake, and leaves nothing", async () => {
  const paths = pathsOf("wrong");
  const wrong: [string, RegExp][] = [
    ["net.ipv4.no_such", /ENOENT/],
    ["net.ipv4.ip_forward", /EINVAL/],
    ["kernel.core_pattern", /would change the node/],
    ["net.ipv4/../../kernel", /ENOENT|not the name/],
    ["net..ipv4", /not the name/],
  ];
  for (const [name, reason] of wrong) {
    await assert.rejects(maker.create({ ...paths, sysctls: { [name]: "surely not" } }), (error: Error) => {
      assert.equal((error as { code?: unknown }).code, status.INVALID_ARGUMENT);
      assert.ok(error.message.startsWith(`linux.sysctls["${name}"] is "surely not"`), error.message);
      assert.match(error.message, reason);
      return true;
    });
  }
  await assert.rejects(
    maker.create({ ipc: paths.ipc, sysctls: { "net.ipv4.ip_forward": "1" } }),
    /no net namespace of its own/,
  );
  assert.equal(existsSync(join(folder, "wrong")), false);
});

test("a failure half-way unpins what was pinned and names the step", async () => {
  const paths = { ...pathsOf("half"), uts: join(folder, "file", "uts") };
  writeFileSync(join(folder, "file"), "");
  await assert.rejects(maker.create(paths), /making namespaces: .*(ENOTDIR|EEXIST)/);
  assert.deepEqual(readdirSync(join(folder, "half")), []);
  assert.equal(mountsBelow(join(folder, "half")), 0);
  await assert.rejects(
    maker.create({ uts: join(folder, "half", "uts"), hostname: "x".repeat(65) }),
    /sethostname/,
  );
});

test("a thread that cannot go home dies with its work undone, and another takes over", async () => {
  // Descriptors belong to the process: closing the thread's way home from here makes its setns fail.
  const hostNet = readlinkSync("/proc/self/ns/net");
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`) === hostNet) closeSync(Number(fd));
    } catch {
      // The descriptor of this very listing is gone.
    }
  }
  const paths = pathsOf("lost");
  await assert.rejects(maker.create(paths), /thread ended/);
  assert.deepEqual(readdirSync(join(folder, "lost")), []);

  const net = join(folder, "again");
  await maker.create({ net });
  assert.ok(isNamespace(net));
  removeNamespace(net);
  assert.equal(isNamespace(net), false);
  assert.equal(isNamespace(folder), false);
});
