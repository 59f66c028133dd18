import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertAudit } from "../support/audit.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { countWithNothing } from "../support/pods.ts";
import { reboot, rebootable, rebootableInPlace } from "../support/reboot.ts";
import { suite } from "../support/suite.ts";

for (const [what, way] of [
  ["a reboot", rebootable],
  // Of a node that is a container itself, as those of kind are.
  ["a new start of the node in the same boot", rebootableInPlace],
] as const) {
  describe(`after ${what}, with drop_infra_ctr`, () => {
    const parts = suite({ ...way, settings: { "crio.runtime": { drop_infra_ctr: true } } });

    it("a pod without a pause container is not ready, even where nothing else of it was the machine's", async () => {
      const { daemon } = parts;
      const { cgroupParent } = daemon;
      const pods: LivePod[] = [];
      for (const network of ["POD", "NODE"] as const) {
        const namespaceOptions = { network, pid: "CONTAINER" } as const;
        const pod = await livePod(daemon, { linux: { cgroupParent, securityContext: { namespaceOptions } } });
        assert.equal((await pod.verbose()).pid, 0);
        await pod.run({ linux: { securityContext: { namespaceOptions } } });
        pods.push(pod);
      }
      await reboot(daemon);
      for (const pod of pods) assert.equal((await pod.status()).state, "SANDBOX_NOTREADY");
      for (const pod of pods) await pod[Symbol.asyncDispose]();
      await assertAudit(daemon, { rebooted: true });
      parts.nothing = await countWithNothing(daemon);
    });
  });
}
