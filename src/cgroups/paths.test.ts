import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { Cgroups } from "./hierarchy.ts";
import {
  cgroupFolder,
  cgroupFolders,
  containerCgroupPath,
  monitorPlace,
  ociCgroupsPath,
  podCgroup,
  slicePath,
} from "./paths.ts";

const refused = (field: RegExp) => ({ code: status.INVALID_ARGUMENT, message: field });

test("cgroupfs: a path, absolute or not, and the default", () => {
  const pod = podCgroup("cgroupfs", "/kubepods/burstable/pod1");
  assert.equal(ociCgroupsPath(pod, "abc"), "/kubepods/burstable/pod1/abc");
  assert.equal(containerCgroupPath(pod, "abc"), "/kubepods/burstable/pod1/abc");
  assert.equal(podCgroup("cgroupfs", "test//pods/").path, "/test/pods");
  assert.deepEqual(podCgroup("cgroupfs", ""), {
    manager: "cgroupfs",
    name: "/critter",
    path: "/critter",
    isDefault: true,
  });
});

test("systemd: the slice by its own name, expanded, and the scope of a container", () => {
  const pod = podCgroup(
    "systemd",
    "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice",
  );
  const path = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice";
  assert.equal(pod.path, path);
  assert.equal(ociCgroupsPath(pod, "abc"), "kubepods-burstable-pod1_2.slice:critter:abc");
  assert.equal(containerCgroupPath(pod, "abc"), `${path}/critter-abc.scope`);
  assert.equal(podCgroup("systemd", "").path, "/system.slice");
  assert.equal(podCgroup("systemd", "a\\x2db-c.slice").path, "/a\\x2db.slice/a\\x2db-c.slice");
});

test("slices: a dash is a level, an escaped one is not", () => {
  assert.equal(slicePath("a-b-c.slice"), "/a.slice/a-b.slice/a-b-c.slice");
  assert.equal(slicePath("a\\x2db.slice"), "/a\\x2db.slice");
  assert.equal(slicePath("-.slice"), "/");
});

test("a parent of the wrong form for the manager is INVALID_ARGUMENT that names the field", () => {
  assert.throws(
    () => podCgroup("cgroupfs", "/kubepods.slice"),
    refused(/^linux\.cgroup_parent is "\/kubepods\.slice"/),
  );
  assert.throws(() => podCgroup("cgroupfs", "/"), refused(/root cgroup/));
  for (const parent of ["/kubepods/pod1", "a--b.slice", "-a.slice", "a-.slice", "ä.slice", ".slice"]) {
    assert.throws(() => podCgroup("systemd", parent), refused(/linux\.cgroup_parent/), parent);
  }
  assert.throws(
    () => podCgroup("systemd", "/other.slice/kubepods-pod1.slice"),
    refused(/cgroup_parent is .*: the slice kubepods-pod1\.slice is \/kubepods\.slice\/kubepods-pod1\.slice/),
  );
  for (const parent of ["/a/../b", "a:b", "a\nb"]) {
    assert.throws(() => podCgroup("cgroupfs", parent), refused(/linux\.cgroup_parent/), parent);
  }
});

test("the monitor's place: the daemon's cgroup, the pod's, or a scope of systemd's", () => {
  const pod = podCgroup("cgroupfs", "/pod1");
  assert.equal(monitorPlace("v2", pod, "", "abc"), undefined);
  assert.deepEqual(monitorPlace("hybrid", pod, "pod", "abc"), { path: "/pod1" });
  assert.deepEqual(monitorPlace("v2", pod, "pod", "abc"), { path: "/pod1/critter-conmon-abc" });
  const scope = "critter-conmon-abc.scope";
  const slice = podCgroup("systemd", "/kubepods.slice/kubepods-pod1.slice");
  assert.deepEqual(monitorPlace("v2", slice, "system.slice", "abc"), { scope, slice: "system.slice" });
  assert.deepEqual(monitorPlace("v1", slice, "pod", "abc"), { scope, slice: "kubepods-pod1.slice" });
});

test("folders to read, one a hierarchy", () => {
  const hierarchy = { unified: false, own: "/" };
  const cgroups: Cgroups = {
    version: "v1",
    limitsSwap: false,
    hierarchies: [
      { ...hierarchy, mount: "/cg/cpu,cpuacct", controllers: ["cpu", "cpuacct"] },
      { ...hierarchy, mount: "/cg/memory", controllers: ["memory"] },
    ],
  };
  assert.equal(cgroupFolder(cgroups, "cpuacct", "/a/b"), "/cg/cpu,cpuacct/a/b");
  assert.equal(cgroupFolder(cgroups, "hugetlb", "/a/b"), undefined);
  assert.deepEqual(cgroupFolders(cgroups, "/a"), ["/cg/cpu,cpuacct/a", "/cg/memory/a"]);
});
