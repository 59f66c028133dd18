import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { unmount } from "./mount.ts";
import { mountIdMapped } from "./mount-tree.ts";
import { isNamespace, NamespaceMaker, removeNamespace } from "./namespaces.ts";
import { hostId, NamespaceHolder, rootOf, userOnHost } from "./user-namespace.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-user-namespace-"));
const maker = new NamespaceMaker();
const mappings = {
  uids: { containerId: 0, hostId: 131_072, length: 65_536 },
  gids: { containerId: 0, hostId: 262_144, length: 65_536 },
};

after(async () => {
  await maker.close();
  rmSync(folder, { recursive: true });
});

const pathsOf = (name: string) => ({
  user: join(folder, name, "user"),
  net: join(folder, name, "net"),
  ipc: join(folder, name, "ipc"),
  uts: join(folder, name, "uts"),
});

type Paths = ReturnType<typeof pathsOf>;

async function create(paths: Paths, sysctls: Record<string, string> = {}): Promise<void> {
  const { user, ...others } = paths;
  await maker.create({ ...others, hostname: "inside", sysctls, user: { path: user, ...mappings } });
}

const inside = ({ user, net, ipc, uts }: Paths, script: string) => {
  const namespaces = [`--user=${user}`, `--net=${net}`, `--ipc=${ipc}`, `--uts=${uts}`];
  return execFileSync("nsenter", [...namespaces, "--setuid=0", "--setgid=0", "sh", "-c", script], {
    encoding: "utf8",
  });
};

test("a user namespace maps as it was told, and owns the other namespaces", async () => {
  const paths = pathsOf("pod");
  await create(paths, {
    "net.ipv4.ip_unprivileged_port_start": "7",
    "net.ipv4.ping_group_range": "0 5",
    "kernel.shm_rmid_forced": "1",
    "kernel.domainname": "example",
  });
  for (const path of Object.values(paths)) assert.ok(isNamespace(path), path);
  assert.match(inside(paths, "cat /proc/self/uid_map"), /^\s+0\s+131072\s+65536\n$/);
  assert.match(inside(paths, "cat /proc/self/gid_map"), /^\s+0\s+262144\s+65536\n$/);
  // Only who owns them may change them.
  assert.equal(inside(paths, "hostname; hostname other; hostname"), "inside\nother\n");
  assert.match(inside(paths, "ip link show lo"), /state UNKNOWN|LOOPBACK,UP/);
  inside(paths, "ip link add name dummy1 type veth peer name dummy2");
  assert.equal(inside(paths, "cat /proc/sys/net/ipv4/ip_unprivileged_port_start"), "7\n");
  assert.equal(inside(paths, "cat /proc/sys/kernel/shm_rmid_forced"), "1\n");
  assert.equal(inside(paths, "cat /proc/sys/net/ipv4/ping_group_range"), "0\t5\n");
  assert.equal(inside(paths, "cat /proc/sys/kernel/domainname"), "example\n");
  for (const path of Object.values(paths)) removeNamespace(path);
  assert.deepEqual(readdirSync(join(folder, "pod")), []);
});

test("a sysctl that the kernel refuses leaves nothing", async () => {
  const paths = pathsOf("refused");
  for (const name of ["net.ipv4.ip_forward", "kernel.shm_rmid_forced"]) {
    const error = { code: status.INVALID_ARGUMENT, message: new RegExp(`"${name}"`) };
    await assert.rejects(create(paths, { "net.ipv4.tcp_syncookies": "0", [name]: "many" }), error);
    assert.deepEqual(readdirSync(join(folder, "refused")), []);
  }
});

test("a namespace that is there already is left alone", async () => {
  const paths = pathsOf("twice");
  await create(paths);
  const before = statSync(paths.net).ino;
  await assert.rejects(create(paths), /EEXIST/);
  assert.equal(statSync(paths.net).ino, before);
  for (const path of Object.values(paths)) removeNamespace(path);
});

test("mappings that the kernel refuses are an error, and no process stays", async () => {
  const wrong = { ...mappings, uids: { containerId: 0, hostId: 0xffff_ff00, length: 65_536 } };
  await assert.rejects(NamespaceHolder.start(["net"], wrong), /EINVAL/);
  const parent = `${process.pid}`;
  const children = readdirSync("/proc").filter(
    (pid) => /^\d+$/.test(pid) && statOf(pid)?.split(" ")[3] === parent,
  );
  assert.deepEqual(children, []);
});

function statOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
}

test("a folder is mounted with its IDs mapped, without what is mounted in it", async () => {
  const paths = pathsOf("mapped");
  await create(paths);
  const [source, target] = [join(folder, "source"), join(folder, "target")];
  for (const path of [source, target]) mkdirSync(path);
  writeFileSync(join(source, "file"), "");
  mountIdMapped(source, target, paths.user);
  try {
    const { uid, gid } = statSync(join(target, "file"));
    assert.deepEqual({ uid, gid }, { uid: 131_072, gid: 262_144 });
  } finally {
    unmount(target);
    for (const path of Object.values(paths)) removeNamespace(path);
  }
  assert.equal(statSync(join(source, "file")).uid, 0);
});

test("a user namespace that is the host's own is no mapping", () => {
  const [source, target] = [join(folder, "from"), join(folder, "to")];
  for (const path of [source, target]) mkdirSync(path);
  const before = readdirSync("/proc/self/fd").length;
  assert.throws(() => mountIdMapped(source, target, "/proc/self/ns/user"), { code: "EPERM" });
  assert.throws(() => mountIdMapped(source, target, join(folder, "none")), { code: "ENOENT" });
  closeSync(openSync("/dev/null", "r"));
  assert.equal(readdirSync("/proc/self/fd").length, before);
});

test("IDs of the host for those inside", () => {
  const mapping = { containerId: 10, hostId: 1000, length: 5 };
  assert.deepEqual(
    [9, 10, 14, 15].map((id) => hostId(mapping, id)),
    [undefined, 1000, 1004, undefined],
  );
  assert.deepEqual(userOnHost(mappings, { uid: 33, gid: 44 }), { uid: 131_105, gid: 262_188 });
  assert.equal(userOnHost(mappings, { uid: 33, gid: 65_536 }), undefined);
  assert.equal(userOnHost(undefined, { uid: 33, gid: 44 }), undefined);
  assert.deepEqual(rootOf(mappings), { uid: 131_072, gid: 262_144 });
  assert.deepEqual(rootOf(undefined), { uid: 0, gid: 0 });
});
