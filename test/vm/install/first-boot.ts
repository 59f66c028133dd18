// Run in the machine by Node's test runner: docs/install.md on a fresh node, up to a static pod that answers.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { storeFolder } from "../../images/store.ts";
import { Registry } from "../../registry/registry.ts";
import { eventually } from "../../support/eventually.ts";
import { prepareNode } from "./node.ts";
import { follow, installation, shell } from "./page.ts";
import { askPod, BEFORE_REBOOT, helloPod, leftOfPods } from "./pod.ts";

describe("docs/install.md on a fresh node", () => {
  let registry: Registry;
  let failed = "";

  before(async () => {
    registry = await Registry.start({ storage: storeFolder() });
    await prepareNode(registry.address);
  });
  after(() => registry?.stop());

  for (const block of installation()) {
    it(`${block.heading}: ${block.script.split("\n")[0]}`, async () => {
      assert.equal(failed, "", "a block before this one failed");
      failed = block.heading;
      await follow(block);
      failed = "";
    });
  }

  it("systemd finds nothing wrong with the unit, and watches the daemon", async () => {
    assert.equal(await shell("systemd-analyze verify critter.service 2>&1"), "");
    assert.equal(await shell("systemctl show critter --property WatchdogUSec --value"), "1min");
    // The first sign of life comes with READY=1; another one is the daemon's own.
    const sign = () => shell("systemctl show critter --property WatchdogTimestampMonotonic --value");
    const first = await sign();
    await eventually(async () => assert.notEqual(await sign(), first), 60);
    assert.equal(await shell("systemctl show critter --property NRestarts --value"), "0");
  });

  it("the journal tells the severity of lines", async () => {
    const line = await shell(
      "journalctl --unit critter --priority info --grep serving --output json | tail -n 1",
    );
    const { PRIORITY, MESSAGE } = JSON.parse(line);
    assert.equal(PRIORITY, "6");
    assert.equal(JSON.parse(MESSAGE).msg, "serving");
  });

  it("pods run on while critter is stopped, and it finds them again", async () => {
    const pod = await helloPod();
    await shell("systemctl stop critter");
    assert.match(await askPod(), /Welcome to nginx!/);
    await shell("systemctl start critter");
    assert.deepEqual(await helloPod(), pod);
  });

  it("there is one pod to be found again after a reboot", async () => {
    const pod = await helloPod();
    const left = await leftOfPods();
    console.log(left);
    assert.equal(left.networkNamespaces!.length, 1);
    writeFileSync(BEFORE_REBOOT, JSON.stringify(pod));
  });
});
