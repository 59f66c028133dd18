import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertAudit } from "../support/audit.ts";
import { BUSYBOX } from "../support/configs.ts";
import { livePod } from "../support/live-pod.ts";
import { withNewRunc } from "../support/new-runc.ts";
import { containerStatus } from "../support/pods.ts";
import { reboot, rebootableInPlace } from "../support/reboot.ts";
import { suite } from "../support/suite.ts";

describe("after a reboot, with user namespaces", () => {
  const parts = suite({ ...withNewRunc, ...rebootableInPlace });

  it("a pod is not ready, can be removed, and its IDs are given to the next", async () => {
    const { daemon } = parts;
    const range = [{ containerId: 0, hostId: 262_144, length: 65_536 }];
    const namespaceOptions = { usernsOptions: { mode: "POD" as const, uids: range, gids: range } };
    const { cgroupParent } = daemon;
    const changes = { linux: { cgroupParent, securityContext: { namespaceOptions } } };
    const mounts = [{ containerPath: "/image", image: { image: BUSYBOX }, readonly: true }];
    const old = await livePod(daemon, changes);
    const containerId = await old.run({ mounts });
    await old.sh(containerId, "echo mine > /mine");
    await reboot(daemon);

    assert.equal((await old.status()).state, "SANDBOX_NOTREADY");
    assert.equal((await containerStatus(daemon, containerId)).exitCode, 137);
    const next = await livePod(daemon, changes);
    const script = "cut -c1-40 /proc/self/uid_map | xargs; stat -c %u /bin/ls /image/bin/ls";
    assert.equal(await next.sh(await next.run({ mounts }), script), "0 262144 65536\n0\n0");
    for (const pod of [old, next]) await pod[Symbol.asyncDispose]();
    await assertAudit(daemon, { rebooted: true });
  });
});
