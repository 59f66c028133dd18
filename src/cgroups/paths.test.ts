import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { Cgroups } from "./hierarchy.ts";
import {
  cgroupFolder,
  cgroupFolders,
  containerCgroupPath,
  monitorCgroupPath,
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
  for (const parent of ["/a/../b", "a:b", "a\nb"]) {
    assert.throws(() => podCgroup("cgroupfs", parent), refused(/linux\.cgroup_parent/), parent);
  }
});

test("the monitor's cgroup", () => {
  const pod = podCgroup("cgroupfs", "/pod1");
  assert.equal(monitorCgroupPath("v2", pod, "", "abc"), undefined);
  assert.equal(monitorCgroupPath("hybrid", pod, "pod", "abc"), "/pod1");
  assert.equal(monitorCgroupPath("v2", pod, "pod", "abc"), "/pod1/critter-conmon-abc");
  assert.equal(monitorCgroupPath("v1", pod, "system.slice", "abc"), "/system.slice");
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
