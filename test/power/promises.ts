/** Whether a daemon that is back has what it promised before the power went, and nothing else. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Daemon } from "../support/daemon.ts";
import { SLOW } from "../support/slow.ts";
import { keptFile, logFolder } from "./churn.ts";
import type { Ledger, Promised, PromisedContainer } from "./ledger.ts";

/** An image may be lost that was pulled no longer ago: its layers are flushed in the background. The design says 2 s, and then comes the disk's own time. */
const IMAGE_GRACE_MS = 5000 * SLOW;

/** Fails with the first promise that was not kept. */
export async function checkPromises(daemon: Daemon, ledger: Ledger): Promise<void> {
  await checkImages(daemon, ledger);
  await checkPods(daemon, ledger);
  await checkContainers(daemon, ledger);
  for (const { logDirectory, container } of chattering(daemon, ledger))
    checkLog(join(logDirectory, container));
}

async function checkImages(daemon: Daemon, { images, closedAt }: Ledger): Promise<void> {
  const { images: listed } = await daemon.client.image.ListImages();
  const tags = new Set(listed.flatMap(({ repoTags }) => repoTags));
  for (const [reference, { standing, answeredAt }] of images) {
    const isOld = closedAt - answeredAt > IMAGE_GRACE_MS;
    if (standing === "there" && isOld) {
      const age = Math.round(closedAt - answeredAt);
      assert.ok(
        tags.has(reference),
        `image ${reference} is lost, which was pulled ${age} ms before the power went`,
      );
    }
    if (standing === "gone") assert.ok(!tags.has(reference), `image ${reference} is back, which was removed`);
  }
}

async function checkPods(daemon: Daemon, { pods }: Ledger): Promise<void> {
  const { items } = await daemon.client.runtime.ListPodSandbox();
  const found = new Map(items.map(({ metadata, id, state }) => [metadata!.name, { id, state }]));
  for (const pod of pods) {
    const listed = found.get(pod.name);
    found.delete(pod.name);
    checkStanding(`pod ${pod.name}`, pod, listed?.id);
    if (!listed) continue;
    assert.equal(listed.state, "SANDBOX_NOTREADY", `pod ${pod.name}`);
    const { status } = await daemon.client.runtime.PodSandboxStatus({ podSandboxId: listed.id });
    assert.equal(status?.state, "SANDBOX_NOTREADY");
  }
  assert.deepEqual([...found.keys()], [], "pods that nobody asked for");
}

async function checkContainers(daemon: Daemon, { pods }: Ledger): Promise<void> {
  const { containers } = await daemon.client.runtime.ListContainers();
  const found = new Map(containers.map(({ metadata, id, state }) => [metadata!.name, { id, state }]));
  for (const container of pods.flatMap((pod) => pod.containers)) {
    const listed = found.get(container.name);
    found.delete(container.name);
    checkStanding(`container ${container.name}`, container, listed?.id);
    if (!listed) continue;
    assert.equal(listed.state, "CONTAINER_EXITED", `container ${container.name}`);
    const { status } = await daemon.client.runtime.ContainerStatus({ containerId: listed.id });
    assert.equal(status?.state, "CONTAINER_EXITED");
    assert.equal(status.exitCode, 137, `exit code of container ${container.name}`);
    assert.ok(BigInt(status.finishedAt) >= BigInt(status.startedAt), "it ended before it began");
    checkKept(daemon.folder, container);
  }
  assert.deepEqual([...found.keys()], [], "containers that nobody asked for");
}

function checkStanding(what: string, { standing, id }: Promised & { id: string }, found: string | undefined) {
  if (standing === "there") assert.equal(found, id, `${what} is lost`);
  if (standing === "gone") assert.equal(found, undefined, `${what} is back, which was removed`);
}

/** What was flushed in a container is in its writable layer. */
function checkKept(folder: string, { id, name, kept }: PromisedContainer): void {
  if (kept === undefined) return;
  const path = join(folder, "root/storage/overlay-containers", id, "upper", keptFile);
  assert.ok(existsSync(path), `a file is lost that was flushed in container ${name}`);
  assert.equal(readFileSync(path, "utf8"), kept);
}

function* chattering(daemon: Daemon, { pods }: Ledger) {
  for (const pod of pods) {
    for (const { name, started, standing } of pod.containers) {
      if (started && standing === "there")
        yield { logDirectory: logFolder(daemon, pod.name), container: `${name}.log` };
    }
  }
}

/** Its end may be lost, and what is there may end in the middle of a line; but nothing else is in it than was written. */
function checkLog(path: string): void {
  if (!existsSync(path)) return;
  const lines = readFileSync(path, "utf8").split("\n");
  lines.pop();
  for (const [at, line] of lines.entries()) {
    assert.match(
      line,
      new RegExp(`^\\d{4}-\\d\\d-\\d\\dT\\S+ stdout F line ${at}$`),
      `${path}, line ${at + 1}`,
    );
  }
}
