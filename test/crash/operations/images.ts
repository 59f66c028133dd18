/** PullImage and RemoveImage under kills. */
import assert from "node:assert/strict";
import { runContainer, runPod } from "../../support/pods.ts";
import type { CrashBed } from "../bed.ts";
import { REGISTRY } from "../images.ts";
import { assertStoreIntact } from "../store-check.ts";
import { type AnyOperation, operation } from "./operation.ts";

const app = `${REGISTRY}/app-0:latest`;
const other = `${REGISTRY}/app-1:latest`;
/** Layers are brought to the disk two seconds after a pull. */
const SYNCED_MS = 2_600;

function pull({ daemon }: CrashBed, image = app): Promise<{ imageRef: string }> {
  return daemon.client.image.PullImage({ image: { image } });
}

function remove({ daemon }: CrashBed): Promise<unknown> {
  return daemon.client.image.RemoveImage({ image: { image: app } });
}

async function isPresent({ daemon }: CrashBed): Promise<boolean> {
  return (await daemon.client.image.ImageStatus({ image: { image: app } })).image !== null;
}

/** Fails unless the image is whole, and its programs run. */
async function assertRuns(bed: CrashBed): Promise<void> {
  await assertStoreIntact(bed.daemon);
  const pod = await runPod(bed.daemon);
  const containerId = await runContainer(bed.daemon, pod, {
    image: { image: app },
    command: ["sleep", "inf"],
  });
  const cmd = ["sh", "-c", "cat /app/link; wc -c </app/large; ls /bin/stat"];
  const { stdout } = await bed.daemon.client.runtime.ExecSync({ containerId, cmd, timeout: 20 });
  assert.equal(stdout.toString(), "0\n4300000\n", "bin/stat is hidden");
}

function pullOperation(name: string, prepare: (bed: CrashBed) => Promise<void>): AnyOperation {
  return operation<void>({
    name,
    afterwardsMs: SYNCED_MS,
    prepare,
    request: (bed) => pull(bed),
    async repeat(bed, _state, way) {
      if (way === "listing" && (await isPresent(bed))) return;
      await pull(bed);
    },
    verify: assertRuns,
  });
}

export const pullImage = pullOperation("PullImage", async () => {});

export const pullImageOfKnownBase = pullOperation("PullImage beside one of the same base", async (bed) => {
  await pull(bed, other);
});

export const removeImage: AnyOperation = operation<void>({
  name: "RemoveImage",
  prepare: async (bed) => void (await pull(bed)),
  request: remove,
  async repeat(bed, _state, way) {
    if (way === "listing" && !(await isPresent(bed))) return;
    await remove(bed);
  },
  async verify(bed) {
    assert.equal(await isPresent(bed), false);
    await assertStoreIntact(bed.daemon);
    await pull(bed);
    await assertRuns(bed);
  },
});

export const removeUsedImage: AnyOperation = operation<{ containerId: string }>({
  name: "RemoveImage of one in use",
  async prepare(bed) {
    await pull(bed);
    const pod = await runPod(bed.daemon);
    const image = { image: app };
    return { containerId: await runContainer(bed.daemon, pod, { image, command: ["sleep", "inf"] }) };
  },
  request: remove,
  repeat: (bed) => remove(bed),
  async verify(bed, { containerId }) {
    assert.equal(await isPresent(bed), false);
    await assertStoreIntact(bed.daemon);
    const request = { containerId, cmd: ["cat", "/app/number"], timeout: 20 };
    const { stdout } = await bed.daemon.client.runtime.ExecSync(request);
    assert.equal(stdout.toString(), "0\n");
  },
});
