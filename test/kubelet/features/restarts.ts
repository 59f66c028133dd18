/** Containers that end: whether they are started again, after how long, and what is told of their end. */
import assert from "node:assert/strict";
import type { Feature } from "../feature.ts";

const sh = (script: string) => ["sh", "-c", script];

export const features: readonly Feature[] = [
  {
    name: "restartPolicy Never: exit codes, and the pod's phase",
    async run({ pods }) {
      const containers = [
        { name: "well", command: ["true"] },
        { name: "badly", command: sh("exit 7") },
      ];
      await using pod = await pods.run("never", { restartPolicy: "Never", containers });
      await pod.untilPhase("Failed");
      const well = await pod.untilTerminated("well");
      assert.deepEqual([well.exitCode, well.reason], [0, "Completed"]);
      const badly = await pod.untilTerminated("badly");
      assert.deepEqual([badly.exitCode, badly.reason], [7, "Error"]);
    },
  },
];
