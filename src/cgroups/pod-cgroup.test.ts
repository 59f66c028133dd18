import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Cgroups, detectCgroups } from "./hierarchy.ts";
import { cgroupFolder, cgroupFolders, podCgroup } from "./paths.ts";
import { PodCgroups } from "./pod-cgroup.ts";

const cgroups = detectCgroups();
const top = `/critter-podtest-${process.pid}`;

const everywhere = (path: string) => cgroupFolders(cgroups, path).every((folder) => existsSync(folder));
const nowhere = (path: string) => !cgroupFolders(cgroups, path).some((folder) => existsSync(folder));

test("a missing parent is made in every hierarchy, ready for processes, and removed", async () => {
  const pods = new PodCgroups(cgroups);
  const own = pods.create(podCgroup("cgroupfs", `${top}/pods/pod1`));
  assert.deepEqual(own, [top, `${top}/pods`, `${top}/pods/pod1`]);
  assert.ok(everywhere(`${top}/pods/pod1`));
  if (cgroups.version !== "v2") {
    const cpuset = cgroupFolder(cgroups, "cpuset", `${top}/pods/pod1`);
    assert.match(readFileSync(`${cpuset}/cpuset.cpus`, "utf8"), /\d/);
  }
  await pods.remove(own);
  assert.ok(nowhere(top));
});

test("a parent shared by two pods goes with the last, also after a restart", async () => {
  const before = new PodCgroups(cgroups);
  const first = before.create(podCgroup("cgroupfs", `${top}/shared`));
  const second = before.create(podCgroup("cgroupfs", `${top}/shared`));
  assert.deepEqual(second, first);
  const [held] = cgroupFolders(cgroups, `${top}/shared/container`);
  mkdirSync(held as string);
  await before.remove(first);
  assert.ok(existsSync(held as string));

  const restarted = new PodCgroups(cgroups);
  restarted.adopt(second);
  rmdirSync(held as string);
  await restarted.remove(second);
  assert.ok(nowhere(top));
});

test("what was planned is found after a crash, made or not", async () => {
  const pod = podCgroup("cgroupfs", `${top}/pods/pod1`);
  const planned = new PodCgroups(cgroups).plan(pod);
  assert.ok(nowhere(top));
  for (const made of [false, true]) {
    if (made) new PodCgroups(cgroups).create(pod);
    const restarted = new PodCgroups(cgroups);
    restarted.adopt(planned);
    await restarted.remove(planned);
    assert.ok(nowhere(top));
  }
});

test("what the kubelet made is left alone, whatever else is made below it", async () => {
  const kubelet = cgroupFolders(cgroups, top);
  for (const folder of kubelet) mkdirSync(folder);
  try {
    const pods = new PodCgroups(cgroups);
    assert.deepEqual(pods.create(podCgroup("cgroupfs", top)), []);
    await pods.remove([top]);
    const own = pods.create(podCgroup("cgroupfs", `${top}/pod1`));
    assert.deepEqual(own, [`${top}/pod1`]);
    await pods.remove(own);
    assert.ok(nowhere(`${top}/pod1`));
    assert.ok(everywhere(top));
  } finally {
    for (const folder of kubelet) rmdirSync(folder);
  }
});

test("the default parent is the daemon's own, even when an earlier one left it behind", async () => {
  const mount = mkdtempSync(join(tmpdir(), "critter-v1-"));
  try {
    const v1: Cgroups = {
      version: "v1",
      limitsSwap: false,
      hierarchies: [{ mount, controllers: ["cpu"], unified: false, own: "/" }],
    };
    mkdirSync(join(mount, "critter"));
    const pods = new PodCgroups(v1);
    const own = pods.create(podCgroup("cgroupfs", ""));
    assert.deepEqual(own, ["/critter"]);
    await pods.remove(own);
    assert.ok(!existsSync(join(mount, "critter")));
  } finally {
    rmSync(mount, { recursive: true });
  }
});

test("on v2 the controllers are handed down to a new cgroup; systemd's slices are systemd's", async () => {
  const mount = mkdtempSync(join(tmpdir(), "critter-v2-"));
  try {
    writeFileSync(join(mount, "cgroup.controllers"), "cpu memory\n");
    writeFileSync(join(mount, "cgroup.subtree_control"), "cpu\n");
    const v2: Cgroups = {
      version: "v2",
      limitsSwap: false,
      hierarchies: [{ mount, controllers: ["cpu", "memory"], unified: true, own: "/" }],
    };
    new PodCgroups(v2).create(podCgroup("cgroupfs", "/pod1"));
    assert.ok(existsSync(join(mount, "pod1")));
    assert.equal(readFileSync(join(mount, "cgroup.subtree_control"), "utf8"), "+memory");

    // A slice that is not there yet comes with its first scope, and is the daemon's to stop.
    const own = new PodCgroups(v2).create(podCgroup("systemd", "pods-pod1.slice"));
    assert.deepEqual(own, ["/pods.slice", "/pods.slice/pods-pod1.slice"]);
    assert.ok(!existsSync(join(mount, "pods.slice")));
    mkdirSync(join(mount, "pods.slice"));
    assert.deepEqual(new PodCgroups(v2).plan(podCgroup("systemd", "pods.slice")), []);
    assert.deepEqual(new PodCgroups(v2).plan(podCgroup("systemd", "")), []);
  } finally {
    rmSync(mount, { recursive: true });
  }
});
