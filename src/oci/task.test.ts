import assert from "node:assert/strict";
import { test } from "node:test";
import type { CgroupVersion } from "../cgroups/hierarchy.ts";
import { type PodCgroup, podCgroup } from "../cgroups/paths.ts";
import type { ContainerContext, RuntimeHandler } from "./context.ts";
import { ownMonitorCgroup } from "./task.ts";

function own(version: CgroupVersion, parent: PodCgroup, monitorCgroup: string): string {
  const context = { host: { cgroups: { version } } } as unknown as ContainerContext;
  const handler = { config: { monitorCgroup } } as RuntimeHandler;
  return ownMonitorCgroup(context, handler, parent, "c1");
}

const pod = podCgroup("cgroupfs", "/pods/pod1");
const slice = podCgroup("systemd", "pods-pod1.slice");

test("a monitor has a cgroup of its own, to be removed after it, on v2 and with cgroupfs: scopes are systemd's to remove", () => {
  assert.equal(own("v2", pod, "pod"), "/pods/pod1/critter-conmon-c1");
  assert.equal(own("v2", pod, ""), "");
  for (const version of ["v1", "hybrid"] as const) {
    for (const monitorCgroup of ["pod", ""]) assert.equal(own(version, pod, monitorCgroup), "");
  }
  for (const version of ["v1", "hybrid", "v2"] as const) {
    for (const monitorCgroup of ["pod", "system.slice", ""])
      assert.equal(own(version, slice, monitorCgroup), "");
  }
});
