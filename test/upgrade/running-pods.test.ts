import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { BUSYBOX } from "../support/configs.ts";
import { parseLog } from "../support/cri-log.ts";
import type { Daemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus, countWithNothing, removePod } from "../support/pods.ts";
import { countResources } from "../support/resources.ts";
import { earlierCritter, isInHistory, LANDED, type Landed } from "./landed.ts";
import { startEarlier, upgrade } from "./upgraded-daemon.ts";

const COUNTING = "n=0; while true; do n=$((n + 1)); echo $n; sleep 0.1; done";
const WAITING = "while [ ! -e /shared/go ]; do sleep 0.1; done; exit 7";

describe("pods that run while critter is upgraded", () => {
  let registry: Registry;

  before(async () => {
    await ensureImages("base");
    registry = await Registry.start({ storage: storeFolder() });
  });
  after(() => registry?.stop());

  for (const landed of LANDED) {
    const skip = !isInHistory(landed) && "this checkout's history does not have it";
    const end = LANDED.indexOf(landed) % 2 === 0 ? "stopped" : "killed";
    it(`from ${landed.commit.slice(0, 7)} (${landed.state}), ${end}`, { skip }, () => upgraded(landed, end));
  }

  async function upgraded(landed: Landed, end: "stopped" | "killed"): Promise<void> {
    await using daemon = await startEarlier(earlierCritter(landed), { registry: registry.address });
    const nothing = await countWithNothing(daemon);
    const logDirectory = join(daemon.folder, "logs");
    const shared = join(daemon.folder, "shared");
    for (const folder of [logDirectory, shared]) mkdirSync(folder);
    const { runtime } = daemon.client;

    const pod = await livePod(daemon, {
      logDirectory,
      labels: { app: "upgraded" },
      portMappings: [{ containerPort: 80, hostPort: 21_997 }],
    });
    const counting = await pod.run({ command: ["sh", "-c", COUNTING], logPath: "counting.log" });
    const mounts = [{ hostPath: shared, containerPath: "/shared" }];
    const waiting = await pod.run({ command: ["sh", "-c", WAITING], mounts });
    const failed = await pod.finish({ command: ["sh", "-c", "exit 3"] });
    const created = await pod.create();
    const onHost = await livePod(daemon, hostNetworkPod(daemon));
    const beside = await onHost.run();
    const over = await livePod(daemon);
    await runtime.StopPodSandbox({ podSandboxId: over.id });
    const [podBefore, listBefore] = [await pod.status(), await listed(daemon)];
    const statusBefore = await containerStatus(daemon, counting);

    if (end === "stopped") assert.equal(await daemon.stop(), 0);
    else await daemon.kill();
    writeFileSync(join(shared, "go"), "");
    upgrade(daemon);
    await daemon.start();

    assert.match(readFileSync(join(daemon.folder, "critter.log"), "utf8"), /"adopted":3/);
    assert.deepEqual(await pod.status(), podBefore);
    assert.deepEqual(await containerStatus(daemon, counting), statusBefore);
    assert.deepEqual(await containerStatus(daemon, failed.id), failed);
    const ended = await pod.ended(waiting);
    assert.equal(ended.exitCode, 7, "an end while no daemon ran");
    assert.deepEqual(await listed(daemon), { ...listBefore, [waiting]: "CONTAINER_EXITED" });

    for (const path of [
      `runroot/sandboxes/${pod.id}`,
      "runroot/containers",
      `root/storage/overlay-containers/${counting}`,
    ]) {
      assert.equal(
        statSync(join(daemon.folder, path)).mode & 0o777,
        0o700,
        `${path} is closed to other users`,
      );
    }

    await runtime.StartContainer({ containerId: created });
    assert.equal(await pod.sh(created, "echo started"), "started");
    const lines = countedLines(logDirectory).length;
    await eventually(() => assert.ok(countedLines(logDirectory).length > lines, "the log goes on"));
    const numbers = countedLines(logDirectory);
    assert.deepEqual(
      numbers,
      numbers.map((_, at) => String(at + 1)),
      "no line is lost",
    );
    assert.equal(await pod.sh(counting, "echo from an old container"), "from an old container");
    assert.equal(await pod.sh(await pod.run(), "hostname"), await pod.sh(counting, "hostname"));
    await runtime.StopContainer({ containerId: beside, timeout: 1 });
    assert.equal((await containerStatus(daemon, beside)).state, "CONTAINER_EXITED");
    await runtime.ContainerStats({ containerId: counting });
    await runtime.RemoveContainer({ containerId: failed.id });
    for (const { id } of [pod, onHost, over]) await removePod(daemon, id);
    await livePod(daemon).then(({ id }) => removePod(daemon, id));
    const { images } = await daemon.client.image.ListImages();
    assert.ok(images.some(({ repoTags }) => repoTags.includes(BUSYBOX)));

    // Versions differ in the folders that they keep for themselves.
    const held = async () => ({ ...(await countResources(daemon)), folders: 0 });
    await eventually(async () => assert.deepEqual(await held(), { ...nothing, folders: 0 }));
  }
});

function hostNetworkPod({ cgroupParent }: Daemon) {
  const securityContext = { namespaceOptions: { network: "NODE" as const } };
  return { linux: { cgroupParent, securityContext } };
}

/** States by id. */
async function listed({ client: { runtime } }: Daemon): Promise<Record<string, string>> {
  const [{ items }, { containers }] = await Promise.all([runtime.ListPodSandbox(), runtime.ListContainers()]);
  return Object.fromEntries([...items, ...containers].map(({ id, state }) => [id, state]));
}

function countedLines(folder: string): string[] {
  return parseLog(readFileSync(join(folder, "counting.log"), "utf8")).map(({ text }) => text);
}
