import assert from "node:assert/strict";
import { test } from "node:test";
import type { CgroupVersion } from "../cgroups/hierarchy.ts";
import { podCgroup } from "../cgroups/paths.ts";
import type { ContainerContext, RuntimeHandler } from "./context.ts";
import { ownMonitorCgroup } from "./task.ts";

function own(version: CgroupVersion, monitorCgroup: string): string {
  const context = { host: { cgroups: { version } } } as unknown as ContainerContext;
  const handler = { config: { monitorCgroup } } as RuntimeHandler;
  return ownMonitorCgroup(context, handler, podCgroup("cgroupfs", "/pods/pod1"), "c1");
}

test("a monitor has a cgroup of its own, which is removed with it, on v2 only: elsewhere it is the pod's or a slice", () => {
  assert.equal(own("v2", "pod"), "/pods/pod1/critter-conmon-c1");
  assert.equal(own("v2", "system.slice"), "/system.slice/critter-conmon-c1");
  assert.equal(own("v2", ""), "");
  for (const version of ["v1", "hybrid"] as const) {
    for (const monitorCgroup of ["pod", "system.slice", ""]) assert.equal(own(version, monitorCgroup), "");
  }
});
