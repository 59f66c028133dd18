import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { getXattr } from "../linux/files.ts";
import {
  labelSandboxFiles,
  makeSandboxFiles,
  removeSandboxFolder,
  resolvConfContent,
  writePodAddresses,
} from "./files.ts";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "critter-sandbox-"));
  t.after(() => {
    removeSandboxFolder(folder);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

test("a pod of its own has hostname, hosts with its addresses, and a tmpfs of 64 MiB that goes with the folder", (t) => {
  const folder = folderOf(t);
  const files = makeSandboxFiles(folder, { hostname: "web", dns: null, hostNetwork: false, hostIpc: false });
  writePodAddresses(files, "web", ["10.0.0.2", "fd00::2"]);
  assert.equal(readFileSync(files.hostname, "utf8"), "web\n");
  const hosts = readFileSync(files.hosts, "utf8").split("\n");
  assert.ok(hosts.includes("127.0.0.1\tlocalhost"));
  assert.deepEqual(hosts.slice(-3), ["10.0.0.2\tweb", "fd00::2\tweb", ""]);
  assert.notEqual(statSync(files.shm).dev, statSync(folder).dev);
  assert.equal(statSync(files.shm).mode & 0o7777, 0o1777);
  const mount = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((line) => line.includes(files.shm));
  assert.match(mount ?? "", /nosuid,nodev,noexec.*size=65536k/);

  removeSandboxFolder(folder);
  assert.equal(existsSync(folder), false);
});

test("what is the pod's own is labelled for SELinux, the host's /dev/shm is not", (t) => {
  const folder = folderOf(t);
  const files = makeSandboxFiles(folder, { hostname: "web", dns: null, hostNetwork: false, hostIpc: true });
  const label = "system_u:object_r:container_file_t:s0:c1,c2";
  const before = getXattr("/dev/shm", "security.selinux");
  labelSandboxFiles(files, folder, label);
  for (const path of [files.hostname, files.hosts, files.resolvConf]) {
    assert.equal(getXattr(path, "security.selinux")?.toString(), `${label}\0`);
  }
  assert.deepEqual(getXattr("/dev/shm", "security.selinux"), before);
});

test("a pod of the host's has the node's hosts file and /dev/shm", (t) => {
  const folder = folderOf(t);
  const files = makeSandboxFiles(folder, { hostname: "node", dns: null, hostNetwork: true, hostIpc: true });
  assert.equal(readFileSync(files.hosts, "utf8"), readFileSync("/etc/hosts", "utf8"));
  assert.equal(files.shm, "/dev/shm");
  assert.equal(existsSync(join(folder, "shm")), false);
});

test("resolv.conf says what the DNSConfig says, and what the node's says without one", () => {
  const dns = {
    servers: ["10.10.10.10", "::1"],
    searches: ["a.local", "local"],
    options: ["ndots:8", "trust-ad"],
  };
  assert.equal(
    resolvConfContent(dns),
    "search a.local local\nnameserver 10.10.10.10\nnameserver ::1\noptions ndots:8 trust-ad\n",
  );
  const node = readFileSync("/etc/resolv.conf", "utf8");
  assert.equal(resolvConfContent(null), node);
  assert.equal(resolvConfContent({ servers: [], searches: [], options: [] }), node);
});
