import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { unmount } from "../../src/linux/mount.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { eventually } from "../support/eventually.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { removeNetwork } from "../support/network.ts";
import { containerStatus } from "../support/pods.ts";
import { isRunning, processesNaming, processesRootedIn } from "../support/processes.ts";
import { suite } from "../support/suite.ts";
import { mountsBelow } from "../support/sweep.ts";

const parts = suite();

/** What a reboot does to a node, as far as it can be done to one daemon: all but `root` goes. */
async function reboot(...pods: LivePod[]): Promise<void> {
  const { daemon } = parts;
  const { folder, namespacesDir } = daemon;
  const pauses = await Promise.all(pods.map(async (pod) => (await pod.verbose()).pid));
  await daemon.kill();
  const pids = () => [
    ...processesNaming(folder).map(({ pid }) => pid),
    ...processesRootedIn(folder),
    ...pauses.filter(isRunning),
  ];
  await eventually(() => {
    for (const pid of pids()) process.kill(pid, "SIGKILL");
    assert.deepEqual(pids(), []);
  });
  for (const path of mountsBelow(folder).reverse()) unmount(path);
  for (const path of [join(folder, "runroot"), namespacesDir]) {
    rmSync(path, { recursive: true });
    mkdirSync(path);
  }
  await removeNetwork(daemon.network);
  removeCgroups(daemon.cgroupParent);
  await daemon.start();
}

test("after a reboot pods are not ready, their containers have ended, and all of it can be removed", async () => {
  const { daemon } = parts;
  const { runtime } = daemon.client;
  const portMappings = [{ containerPort: 80, hostPort: 21_200 }];
  const pod = await livePod(daemon, { portMappings });
  const [running, created] = [await pod.run(), await pod.create()];
  const { id: exited } = await pod.finish({ command: ["sh", "-c", "exit 4"] });
  const { cgroupParent } = daemon;
  const onHost = await livePod(daemon, {
    linux: { cgroupParent, securityContext: { namespaceOptions: { network: "NODE" } } },
  });
  await reboot(pod, onHost);

  for (const one of [pod, onHost]) assert.equal((await one.status()).state, "SANDBOX_NOTREADY");
  for (const id of [running, created]) {
    const { state, exitCode, reason } = await containerStatus(daemon, id);
    assert.deepEqual([state, exitCode, reason], ["CONTAINER_EXITED", 137, "Unknown"]);
  }
  assert.equal((await containerStatus(daemon, exited)).exitCode, 4);

  const metadata = { ...pod.config.metadata!, attempt: 3 };
  const next = await livePod(daemon, { metadata, portMappings: [] });
  assert.equal(await next.sh(await next.run(), "echo works"), "works");
  await next[Symbol.asyncDispose]();
  await runtime.RemoveContainer({ containerId: running });
  for (const one of [pod, onHost]) await one[Symbol.asyncDispose]();
});
