/** A full disk for containers' logs, /var/log on a node: lines are lost, and nothing else. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { containerStatus } from "../support/pods.ts";
import { type DiskBed, diskSuite } from "./disk-bed.ts";
import type { Fault, RunnableSuite } from "./fault.ts";
import { neighbour } from "./neighbour.ts";
import { DEADLINE, diskFull, mayFailBy, succeeds } from "./outcomes.ts";

const counts = "n=0; while true; do n=$((n + 1)); echo line $n; sleep 0.05; done";

const faults: Fault<DiskBed>[] = [
  {
    name: "containers run on, are stopped and removed, and log again once there is room",
    short: true,
    async inflict({ bed: { daemon }, disk }) {
      const { runtime } = daemon.client;
      const logDirectory = join(disk.folder, "pod");
      const command = ["sh", "-c", counts];
      await using other = await neighbour(daemon, { command, logPath: "counts.log" }, { logDirectory });
      const log = join(logDirectory, "counts.log");
      const stopped = await other.pod.run({ command, logPath: "stopped.log" });
      await eventually(() => assert.match(readFileSync(log, "utf8"), /line 5\n/));
      let created: boolean | undefined;
      await disk.whileFull(async () => {
        const making = other.pod.run({ command: ["true"], logPath: "deep/folder/new.log" });
        created = await mayFailBy(diskFull, "CreateContainer", making);
        await other.works();
        await succeeds("ExecSync that writes", other.pod.sh(other.containerId, "seq 1 10000 > /dev/null"));
        await succeeds(
          "StopContainer",
          runtime.StopContainer({ containerId: stopped, timeout: 1 }, DEADLINE),
        );
        assert.equal((await containerStatus(daemon, stopped)).state, "CONTAINER_EXITED");
        await succeeds("RemoveContainer", runtime.RemoveContainer({ containerId: stopped }, DEADLINE));
        await mayFailBy(
          diskFull,
          "ReopenContainerLog",
          runtime.ReopenContainerLog({ containerId: other.containerId }, DEADLINE),
        );
      });
      assert.equal(typeof created, "boolean");
      await succeeds("StartContainer", other.pod.run({ command: ["true"], logPath: "after.log" }));
      const before = readFileSync(log, "utf8").length;
      await eventually(() => assert.ok(readFileSync(log, "utf8").length > before + 100, "no line comes"));
    },
  },
];

const inLongForm = faults.map((fault) => ({ ...fault, short: false }));

export const logSuites: readonly RunnableSuite[] = [
  diskSuite("log disk full", "logs", { kind: "tmpfs", megabytes: 4 }, faults),
  diskSuite("log disk without inodes", "logs", { kind: "ext4", megabytes: 8, inodes: 64 }, inLongForm),
];
