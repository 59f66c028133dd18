/** The daemon's start after a crash, under kills: a recovery that is cut off must be able to begin again. */
import assert from "node:assert/strict";
import type { PodSandboxConfig } from "../../../src/cri/messages.ts";
import type { Init } from "../../../src/cri/proto.ts";
import { containerConfig } from "../../support/configs.ts";
import { podConfigFor, runContainer, runPod, type TestPod } from "../../support/pods.ts";
import type { CrashBed } from "../bed.ts";
import { REGISTRY } from "../images.ts";
import { assertStoreIntact } from "../store-check.ts";
import { type AnyOperation, operation } from "./operation.ts";
import { assertServes, server } from "./working.ts";

interface CrashState {
  /** It was ready, and stays so. */
  pod: TestPod;
  containerId: string;
  /** What was half made, or half removed. */
  half: { config: Init<PodSandboxConfig>; isRemoved: boolean };
}

/** A pod that serves, with a container beside that is only created, and one that has ended while the daemon was dead. */
async function fullPod(bed: CrashBed): Promise<Omit<CrashState, "half">> {
  const pod = await runPod(bed.daemon);
  const containerId = await runContainer(bed.daemon, pod, server);
  const config = containerConfig();
  await bed.daemon.client.runtime.CreateContainer({
    podSandboxId: pod.id,
    config,
    sandboxConfig: pod.config,
  });
  await runContainer(bed.daemon, pod, { command: ["sh", "-c", "sleep 0.3; exit 5"] });
  return { pod, containerId };
}

/** Kills the daemon at `point` of a request. */
async function dieAt(
  { daemon, points }: CrashBed,
  point: string,
  request: () => Promise<unknown>,
): Promise<void> {
  points.set({ mode: "kill", at: point });
  await assert.rejects(request(), `the daemon was not killed at "${point}"`);
  points.set({ mode: "off" });
  await daemon.kill();
}

function start(name: string, crash: (bed: CrashBed) => Promise<CrashState["half"]>): AnyOperation {
  return operation<CrashState>({
    name,
    afterwardsMs: 1000,
    async prepare(bed) {
      const present = await fullPod(bed);
      return { ...present, half: await crash(bed) };
    },
    request: ({ daemon }) => daemon.start(),
    async repeat({ daemon }, { half }) {
      const { runtime } = daemon.client;
      if (!half.isRemoved) await runtime.RunPodSandbox({ config: half.config });
    },
    async verify(bed, { pod, containerId, half }) {
      const { runtime } = bed.daemon.client;
      await assertServes(bed, pod.id, containerId);
      if (!half.isRemoved) await runtime.RunPodSandbox({ config: half.config });
      const { items } = await runtime.ListPodSandbox();
      assert.equal(items.length, half.isRemoved ? 1 : 2);
      assert.ok(items.every(({ state }) => state === "SANDBOX_READY"));
      const { containers } = await runtime.ListContainers({ filter: { podSandboxId: pod.id } });
      assert.deepEqual(containers.map(({ state }) => state).sort(), [
        "CONTAINER_CREATED",
        "CONTAINER_EXITED",
        "CONTAINER_RUNNING",
      ]);
      await assertStoreIntact(bed.daemon);
    },
  });
}

export const startAfterHalfRun = start("start after a crash in RunPodSandbox", async (bed) => {
  const config = podConfigFor(bed.daemon, { portMappings: [{ containerPort: 80, hostPort: bed.hostPort }] });
  await dieAt(bed, "20 ms into start conmon #1", () => bed.daemon.client.runtime.RunPodSandbox({ config }));
  return { config, isRemoved: false };
});

export const startAfterHalfRemoval = start("start after a crash in RemovePodSandbox", async (bed) => {
  const pod = await runPod(bed.daemon);
  await runContainer(bed.daemon, pod, server);
  const { runtime } = bed.daemon.client;
  await dieAt(bed, "before SQL DELETE FROM containers #1", () =>
    runtime.RemovePodSandbox({ podSandboxId: pod.id }),
  );
  return { config: pod.config, isRemoved: true };
});

export const startAfterHalfPull = start("start after a crash in PullImage", async (bed) => {
  const config = podConfigFor(bed.daemon);
  const image = { image: `${REGISTRY}/app-0:latest` };
  await dieAt(bed, "before SQL COMMIT #1", () => bed.daemon.client.image.PullImage({ image }));
  return { config, isRemoved: false };
});
