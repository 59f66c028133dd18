/** Monitors that die, hang or lose their files while a container runs: its end is noticed, and nothing else goes with it. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import type { LivePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { isRunning } from "../support/processes.ts";
import type { Fault } from "./fault.ts";
import type { ProgramsBed } from "./programs-bed.ts";
import { refused } from "./refused.ts";

/** It ends with code 5 once it is told to. */
const ENDS = { command: ["sh", "-c", "until [ -e /end ]; do echo tick; sleep 0.1; done; exit 5"] };

async function pids(
  { daemon }: ProgramsBed,
  containerId: string,
): Promise<{ pid: number; monitorPid: number }> {
  const { info } = await daemon.client.runtime.ContainerStatus({ containerId, verbose: true });
  return JSON.parse(info.info!);
}

/** A fault that a container meets, which is then told to end, with code 5; `ended` is what is to be seen of that. */
function meets(
  name: string,
  short: boolean,
  meet: (bed: ProgramsBed, containerId: string, pod: LivePod) => void | Promise<void>,
  ended: [number, string] = [5, "Error"],
): Fault<ProgramsBed> {
  return {
    name,
    short,
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      const containerId = await pod.run(ENDS);
      await meet(bed, containerId, pod);
      await pod.sh(containerId, "touch /end");
      const { exitCode, reason } = await eventually(async () => {
        const status = await containerStatus(bed.daemon, containerId);
        assert.equal(status.state, "CONTAINER_EXITED");
        return status;
      }, 30);
      assert.deepEqual([exitCode, reason], ended);
      await bed.daemon.client.runtime.RemoveContainer({ containerId }, { timeout: 30_000 });
    },
  };
}

const exitFile = ({ daemon }: ProgramsBed, id: string) => join(daemon.folder, "runroot", "exits", id);

export const monitorEnds: Fault<ProgramsBed>[] = [
  meets("it is stopped, and tells of no end", true, async (bed, containerId) => {
    process.kill((await pids(bed, containerId)).monitorPid, "SIGSTOP");
  }),
  meets("there is rubbish in the exit file", false, (bed, containerId) => {
    writeFileSync(exitFile(bed, containerId), "five");
  }),
  meets(
    "there is a folder in place of the exit file",
    true,
    (bed, containerId) => void mkdirSync(exitFile(bed, containerId)),
    [137, "Unknown"],
  ),
  meets("other files lie about in the exit folder", false, (bed) => {
    const names = ["unknown", "a.b", "..c", "x".repeat(255)];
    for (const name of names) writeFileSync(exitFile(bed, name), "0");
    for (const name of names) rmSync(exitFile(bed, name));
  }),
  meets("the ctl FIFO and the attach socket are gone", false, async (bed, containerId, pod) => {
    const bundle = join(bed.daemon.folder, "runroot", "containers", containerId);
    rmSync(join(bundle, "ctl"));
    rmSync(join(bundle, "attach"));
    assert.equal((await pod.status()).state, "SANDBOX_READY");
  }),
  {
    name: "it is stopped, and the pod is to be removed",
    async inflict(bed) {
      const pod = await bed.faultyPod();
      const containerId = await pod.run();
      for (const pid of [(await pids(bed, containerId)).monitorPid, (await pod.verbose()).monitorPid])
        process.kill(pid, "SIGSTOP");
      const { runtime } = bed.daemon.client;
      await runtime.StopPodSandbox({ podSandboxId: pod.id }, { timeout: 100_000 });
      await runtime.RemovePodSandbox({ podSandboxId: pod.id }, { timeout: 100_000 });
    },
  },
  {
    name: "it dies between create and start",

    async inflict(bed) {
      await using pod = await bed.faultyPod();
      const containerId = await pod.create();
      const { pid, monitorPid } = await pids(bed, containerId);
      process.kill(monitorPid, "SIGKILL");
      const { exitCode, reason } = await pod.ended(containerId);
      assert.deepEqual([exitCode, reason], [137, "Unknown"]);
      await eventually(() => assert.equal(isRunning(pid), false));
      const starting = bed.daemon.client.runtime.StartContainer({ containerId });
      await refused(starting, "FAILED_PRECONDITION", /CONTAINER_EXITED/);
    },
  },
  {
    name: "it dies, and the runtime is gone",
    short: true,
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      const containerId = await pod.run();
      const { pid, monitorPid } = await pids(bed, containerId);
      bed.runtime.vanish();
      process.kill(monitorPid, "SIGKILL");
      assert.equal((await pod.ended(containerId)).reason, "Unknown");
      await eventually(() => assert.equal(isRunning(pid), false));
      bed.runtime.comeBack();
    },
  },
  {
    name: "its log is deleted",
    async inflict(bed) {
      const logDirectory = join(bed.daemon.folder, "logs");
      const config = { ...bed.faultyConfig(), logDirectory };
      await using pod = await bed.runFaulty(config);
      const containerId = await pod.run({ ...ENDS, logPath: "app.log" });
      rmSync(join(logDirectory, "app.log"));
      await bed.daemon.client.runtime.ReopenContainerLog({ containerId }, { timeout: 20_000 });
      await eventually(async () => {
        assert.match(readFileSync(join(logDirectory, "app.log"), "utf8"), /stdout F tick/);
      });
      rmSync(join(bed.daemon.folder, "runroot", "containers", containerId, "ctl"));
      rmSync(join(logDirectory, "app.log"));
      const reopening = bed.daemon.client.runtime.ReopenContainerLog({ containerId }, { timeout: 20_000 });
      await refused(reopening, "UNKNOWN", /no monitor listens at .*ctl/);
    },
  },
];
