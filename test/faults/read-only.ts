/** A disk that fails, so that ext4 lets it be read only: nothing can be recorded any more, but what happens has happened. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { BUSYBOX } from "../support/configs.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus, podConfigFor } from "../support/pods.ts";
import { daemonBed } from "./daemon-bed.ts";
import type { DiskBed } from "./disk-bed.ts";
import { type Fault, type FaultContext, faultSuite } from "./fault.ts";
import { neighbour } from "./neighbour.ts";
import { type Cause, DEADLINE, failsBy, succeeds } from "./outcomes.ts";
import { SmallDisk } from "./small-disk.ts";

const readOnly: Cause = {
  // SQLite tells a write that failed apart from a disk that cannot be written, not from one that is read-only.
  code: ["FAILED_PRECONDITION", "INTERNAL"],
  message: /EROFS|read-only file system|records in \S+ cannot be written: disk I\/O error/i,
};

const image = { image: "registry.k8s.io/pause:3.9" };

/** A disk that failed is of no more use: each fault has a daemon of its own. */
type Bedless = FaultContext & AsyncDisposable;

const faults: Fault<Bedless>[] = [
  {
    name: "nothing is made or removed, what runs goes on, and its end is an end",
    short: true,
    async inflict(context) {
      await using bed = await failingDisk(context);
      const { daemon } = bed.bed;
      const { runtime, image: images } = daemon.client;
      const other = await neighbour(daemon);
      const pod = await livePod(daemon);
      const waits = "while [ ! -e /dev/shm/go ]; do sleep 0.1; done; exit 7";
      const ending = await pod.run({ command: ["sh", "-c", waits] });
      const stopped = await pod.run();
      const created = await pod.create();
      bed.disk.failForGood();
      await failsBy(readOnly, "PullImage", images.PullImage({ image }, DEADLINE));
      const config = podConfigFor(daemon);
      await failsBy(readOnly, "RunPodSandbox", runtime.RunPodSandbox({ config }, DEADLINE));
      await failsBy(readOnly, "CreateContainer", pod.create());
      await other.works();
      await succeeds("StartContainer", runtime.StartContainer({ containerId: created }, DEADLINE));
      assert.equal((await containerStatus(daemon, created)).state, "CONTAINER_RUNNING");
      await pod.sh(stopped, "touch /dev/shm/go");
      assert.equal((await pod.ended(ending)).exitCode, 7);
      await succeeds("StopContainer", runtime.StopContainer({ containerId: stopped }, DEADLINE));
      await failsBy(readOnly, "RemoveContainer", runtime.RemoveContainer({ containerId: stopped }, DEADLINE));
      const busybox = { image: { image: BUSYBOX } };
      await failsBy(readOnly, "RemoveImage", images.RemoveImage(busybox, DEADLINE));
      assert.ok((await images.ImageStatus(busybox)).image);
      // Its network's record cannot be removed.
      const { id: podSandboxId } = pod;
      for (let time = 0; time < 2; time++) {
        await failsBy(readOnly, "StopPodSandbox", runtime.StopPodSandbox({ podSandboxId }, DEADLINE));
      }
      assert.equal((await pod.status()).state, "SANDBOX_NOTREADY");
      await other.works();
      assert.equal(await daemon.stop(), 0);
    },
  },
];

async function failingDisk(context: FaultContext): Promise<DiskBed> {
  let disk: SmallDisk | undefined;
  const bed = await daemonBed(context, {
    prepare: async (folder) => {
      disk = new SmallDisk(join(folder, "root"), { kind: "ext4", megabytes: 96 });
    },
  });
  return { bed, disk: disk!, [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose]() };
}

export const readOnlySuite = faultSuite<Bedless>({
  name: "root read-only",
  prepare: async (context) => ({ ...context, [Symbol.asyncDispose]: async () => {} }),
  check: async () => {},
  faults,
});
