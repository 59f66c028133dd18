import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { parseLog } from "../support/cri-log.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import {
  assertNothingLeft,
  containerStatus,
  countWithNothing,
  podConfigFor,
  removePod,
  runContainer,
  runPod,
  type TestPod,
} from "../support/pods.ts";
import type { Resources } from "../support/resources.ts";

let registry: Registry;
let daemon: Daemon;
let nothing: Resources;

before(async () => {
  await ensureImages("base");
  registry = await Registry.start({ storage: storeFolder() });
  daemon = await startDaemon({ registry: registry.address });
  nothing = await countWithNothing(daemon);
});

after(async () => {
  await daemon?.dispose();
  await registry?.stop();
});

test("after kill -9 pods run on, exits meanwhile are reported with their codes, and logs continue", async () => {
  const { runtime } = daemon.client;
  const shared = join(daemon.folder, "shared");
  const logDirectory = join(daemon.folder, "logs");
  for (const folder of [shared, logDirectory]) mkdirSync(folder);
  const pod = await runPod(daemon, { logDirectory });
  const mounts = [{ hostPath: shared, containerPath: "/shared" }];
  const waits = "while [ ! -e /shared/go ]; do sleep 0.1; done; exit 7";
  const counts = "n=0; while true; do n=$((n + 1)); echo $n; sleep 0.1; done";
  const ending = await runContainer(daemon, pod, { command: ["sh", "-c", waits], mounts });
  const lasting = await runContainer(daemon, pod, { command: ["sh", "-c", counts], logPath: "counts.log" });
  const killedAt = BigInt(Date.now()) * 1_000_000n;

  await daemon.kill();
  writeFileSync(join(shared, "go"), "");
  await sleep(1000);
  const linesBefore = countedLines(logDirectory);
  await daemon.start();

  const { status } = await runtime.PodSandboxStatus({ podSandboxId: pod.id });
  assert.equal(status?.state, "SANDBOX_READY");
  assert.equal((await containerStatus(daemon, lasting)).state, "CONTAINER_RUNNING");
  const ended = await containerStatus(daemon, ending);
  assert.equal(ended.state, "CONTAINER_EXITED");
  assert.equal(ended.exitCode, 7);
  assert.equal(ended.reason, "Error");
  assert.ok(
    BigInt(ended.finishedAt) > killedAt && BigInt(ended.finishedAt) < BigInt(Date.now()) * 1_000_000n,
  );

  await eventually(() => assert.ok(countedLines(logDirectory).length > linesBefore.length));
  const numbers = countedLines(logDirectory);
  const expected = numbers.map((_, at) => String(at + 1));
  assert.deepEqual(numbers, expected, "no line of the log is lost");
  const { stdout } = await runtime.ExecSync({ containerId: lasting, cmd: ["echo", "alive"], timeout: 5 });
  assert.equal(stdout.toString(), "alive\n");
  await runtime.StopContainer({ containerId: lasting, timeout: 5 });
  assert.equal((await containerStatus(daemon, lasting)).state, "CONTAINER_EXITED");
  await removePod(daemon, pod.id);
  await assertNothingLeft(daemon, nothing);
});

test("an orderly end leaves pods running, and a container that ends after the restart is noticed", async () => {
  const pod = await runPod(daemon);
  const id = await runContainer(daemon, pod, {
    command: ["sh", "-c", "while [ ! -e /go ]; do sleep 0.1; done"],
  });
  assert.equal(await daemon.stop(), 0);
  await daemon.start();
  assert.equal((await containerStatus(daemon, id)).state, "CONTAINER_RUNNING");
  await daemon.client.runtime.ExecSync({ containerId: id, cmd: ["touch", "/go"], timeout: 5 });
  const status = await eventually(async () => {
    const now = await containerStatus(daemon, id);
    assert.equal(now.state, "CONTAINER_EXITED");
    return now;
  });
  assert.equal(status.exitCode, 0);
  assert.equal(status.reason, "Completed");
  await removePod(daemon, pod.id);
  await assertNothingLeft(daemon, nothing);
});

/** How often each operation is cut short, and how long after its begin at most, in ms. */
const CUTS = Number(process.env.CRITTER_CUTS ?? 8);

const operations: [name: string, longest: number, prepare: () => Promise<() => Promise<unknown>>][] = [
  [
    "RunPodSandbox",
    150,
    async () => () => daemon.client.runtime.RunPodSandbox({ config: podConfigFor(daemon) }),
  ],
  [
    "CreateContainer and StartContainer",
    120,
    async () => {
      const pod = await runPod(daemon);
      return () => runContainer(daemon, pod);
    },
  ],
  [
    "StopPodSandbox and RemovePodSandbox",
    200,
    async () => {
      const pod: TestPod = await runPod(daemon, { portMappings: [{ containerPort: 80, hostPort: 21_998 }] });
      await runContainer(daemon, pod);
      return () => removePod(daemon, pod.id);
    },
  ],
];

for (const [name, longest, prepare] of operations) {
  test(`kill -9 in the middle of ${name}, ${CUTS} times: what is listed can be removed, and nothing is left`, async () => {
    for (let cut = 0; cut < CUTS; cut++) {
      const operation = await prepare();
      const delay = ((cut + Math.random()) / CUTS) * longest;
      const result = operation().catch(() => {});
      await sleep(delay);
      await daemon.kill();
      await result;
      await daemon.start();
      await removeListedPods(`after ${delay.toFixed(1)} ms of ${name}`);
    }
  });
}

async function removeListedPods(when: string): Promise<void> {
  const { items } = await daemon.client.runtime.ListPodSandbox();
  for (const { id } of items) await removePod(daemon, id);
  await assertNothingLeft(daemon, nothing).catch((error) => {
    throw new Error(`kill -9 ${when}: ${error.message}`, { cause: error });
  });
}

/** The numbers in the log of the container that counts. */
function countedLines(logDirectory: string): string[] {
  return parseLog(readFileSync(join(logDirectory, "counts.log"), "utf8")).map(({ text }) => text);
}
