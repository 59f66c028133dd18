// Run in the machine by Node's test runner, after its reboot: the static pod is back, nothing of the one before is left, and critter goes without a trace.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { eventually } from "../../support/eventually.ts";
import { follow, section, shell } from "./page.ts";
import { askPod, BEFORE_REBOOT, bootId, helloPod, leftOfPods, type RunningPod } from "./pod.ts";

/** What the kubelet may take to start a pod, on a usual machine. */
const POD_START_SECONDS = 60;

describe("the node after a reboot", () => {
  const before: RunningPod = JSON.parse(readFileSync(BEFORE_REBOOT, "utf8"));

  it("critter and the kubelet were started by the boot", async () => {
    assert.notEqual(bootId(), before.bootId);
    await eventually(async () =>
      assert.equal(await shell("systemctl is-active critter kubelet"), "active\nactive"),
    );
  });

  it("the static pod runs again, in a new sandbox", async () => {
    const pod = await eventually(helloPod, POD_START_SECONDS);
    assert.notEqual(pod.sandbox, before.sandbox);
    assert.notEqual(pod.container, before.container);
    await eventually(async () => assert.match(await askPod(), /Welcome to nginx!/));
    console.log(await shell("critter status; crictl pods; crictl ps --all"));
  });

  it("the container of the boot before has ended", async () => {
    const containers = JSON.parse(
      await shell(`crictl ps --all --pod ${before.sandbox} --output json`),
    ).containers;
    for (const { state } of containers) assert.equal(state, "CONTAINER_EXITED");
  });

  it("nothing is left of the sandbox before", async () => {
    const { sandbox } = await helloPod();
    await eventually(async () => {
      const left = await leftOfPods();
      assert.equal(left.networkNamespaces!.length, 1);
      assert.equal(left.leases!.length, 1);
      // Of the pause container and the pod's own; a scope for each, and for its monitor.
      assert.equal(left.monitors!.length, 2, `${left.monitors}`);
      assert.equal(left.scopes!.length, 4, `${left.scopes}`);
      for (const things of Object.values(left)) {
        assert.deepEqual(
          things.filter((thing) => thing.includes(before.sandbox) || thing.includes(before.container)),
          [],
        );
      }
      assert.ok(left.rules!.some((rule) => rule.includes(sandbox)));
    });
  });

  it("the commands below Upgrade leave the pod as it is", async () => {
    const pod = await helloPod();
    for (const block of section("Upgrade")) await follow(block);
    assert.deepEqual(await helloPod(), pod);
    assert.match(await askPod(), /Welcome to nginx!/);
  });

  it("the commands below Uninstall leave nothing", async () => {
    for (const block of section("Uninstall")) await follow(block);
    const { rules, ...things } = await leftOfPods();
    for (const [kind, left] of Object.entries(things)) assert.deepEqual(left, [], kind);
    assert.deepEqual(rules, []);
    for (const path of [
      "/usr/local/bin/critter",
      "/usr/local/lib/node_modules/critter",
      "/opt/critter",
      "/var/lib/critter",
    ]) {
      assert.ok(!existsSync(path), path);
    }
    assert.equal(await shell("findmnt --noheadings --output TARGET | grep critter || true"), "");
    assert.equal(
      await shell("systemctl list-unit-files --plain --no-legend 'critter*' | grep -v tests || true"),
      "",
    );
  });
});
