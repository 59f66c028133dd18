import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { PodSandboxConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { assertAudit } from "../support/audit.ts";
import { BUSYBOX, containerConfig } from "../support/configs.ts";
import { outcome } from "../support/cri.ts";
import type { Daemon } from "../support/daemon.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { rulesOf } from "../support/network.ts";
import { containerStatus, countWithNothing, podConfigFor } from "../support/pods.ts";
import { reboot, rebootable } from "../support/reboot.ts";
import { suite } from "../support/suite.ts";

/** How often the machine goes down in the middle of a call, and the longest time for it, in ms. */
const CUTS = 3;
const LONGEST = 250;

/** Fails unless the daemon holds what it has on record, and nothing beside. */
function assertNoStrangers(daemon: Daemon): Promise<void> {
  return assertAudit(daemon, { rebooted: true });
}

/** Addresses that host-local has given away. */
function leases({ network }: Daemon): string[] {
  return readdirSync(network.leaseDir).filter((name) => /^[0-9.]+$/.test(name));
}

async function assertGone(
  { client: { runtime } }: Daemon,
  pod: LivePod,
  containers: string[],
): Promise<void> {
  const request = { podSandboxId: pod.id };
  // The kubelet is never sure that it has stopped and removed something.
  for (const _twice of [1, 2]) await runtime.StopPodSandbox(request);
  for (const containerId of containers.slice(1)) {
    await runtime.StopContainer({ containerId, timeout: 5 });
    for (const _twice of [1, 2]) await runtime.RemoveContainer({ containerId });
  }
  for (const _twice of [1, 2]) await runtime.RemovePodSandbox(request);
  assert.equal(await outcome(runtime.PodSandboxStatus(request)), "NOT_FOUND");
  for (const containerId of containers)
    assert.equal(await outcome(runtime.ContainerStatus({ containerId })), "NOT_FOUND");
}

describe("after a reboot", () => {
  const parts = suite(rebootable);

  const onHost = (): Init<PodSandboxConfig> => ({
    linux: {
      cgroupParent: parts.daemon.cgroupParent,
      securityContext: { namespaceOptions: { network: "NODE", pid: "CONTAINER", ipc: "NODE" } },
    },
  });

  it("pods are not ready, containers of every state have ended, and all of it can be removed", async () => {
    const { daemon } = parts;
    const portMappings = [{ containerPort: 80, hostPort: 21_200 }];
    const pod = await livePod(daemon, { portMappings });
    const volume = { containerPath: "/image", image: { image: BUSYBOX }, readonly: true };
    const states = [await pod.run({ mounts: [volume] }), await pod.create(), await pod.run()];
    const [running, created, stopped] = states as [string, string, string];
    await daemon.client.runtime.StopContainer({ containerId: stopped, timeout: 0 });
    const { id: failed } = await pod.finish({ command: ["sh", "-c", "exit 4"] });
    const { id: completed } = await pod.finish({ command: ["true"] });
    const host = await livePod(daemon, onHost());
    const inHost = await host.run();
    const stoppedPod = await livePod(daemon);
    const inStopped = await stoppedPod.run();
    await daemon.client.runtime.StopPodSandbox({ podSandboxId: stoppedPod.id });
    const restful = [stopped, failed, completed, inStopped];
    const ends = async (ids: string[]) => {
      const statuses = await Promise.all(ids.map((id) => containerStatus(daemon, id)));
      return statuses.map(({ state, exitCode, reason, finishedAt }) => [state, exitCode, reason, finishedAt]);
    };
    const before = await ends(restful);
    await reboot(daemon);

    await assertNoStrangers(daemon);
    assert.deepEqual(await rulesOf(daemon.network), []);
    for (const one of [pod, host, stoppedPod]) {
      const { state, network } = await one.status();
      assert.equal(state, "SANDBOX_NOTREADY");
      assert.equal(network?.ip === "", one === host);
    }
    assert.deepEqual(await ends(restful), before);
    for (const id of [running, created, inHost]) {
      const { state, exitCode, reason, message, startedAt, finishedAt } = await containerStatus(daemon, id);
      assert.deepEqual([state, exitCode, reason], ["CONTAINER_EXITED", 137, "Unknown"]);
      assert.equal(message, "the machine was started anew");
      assert.ok(BigInt(finishedAt) > BigInt(startedAt));
      assert.equal(startedAt === "0" || BigInt(startedAt) === 0n, id === created);
    }
    // What was, is over: it can be looked at, and nothing else.
    const { runtime } = daemon.client;
    assert.equal(await outcome(runtime.StartContainer({ containerId: created })), "FAILED_PRECONDITION");
    assert.notEqual(await outcome(runtime.ExecSync({ containerId: running, cmd: ["true"] })), "OK");
    assert.equal(await outcome(pod.create()), "FAILED_PRECONDITION");
    await assertGone(daemon, host, [inHost]);
    await assertGone(daemon, stoppedPod, [inStopped]);
    await assertGone(daemon, pod, [running, created, stopped, failed, completed]);
    assert.deepEqual(leases(daemon), []);
    await assertNoStrangers(daemon);
  });

  it("new pods of the same names start beside the old ones, with the same host port, and then in their place", async () => {
    const { daemon } = parts;
    const portMappings = [{ containerPort: 80, hostPort: 21_201 }];
    const old = await livePod(daemon, { portMappings });
    const metadata = { name: "app", attempt: 0 };
    await old.run({ metadata });
    await reboot(daemon);

    const again = { ...old.config, metadata: { ...old.config.metadata, attempt: 3 } };
    const next = await livePod(daemon, again);
    assert.equal(await next.sh(await next.run({ metadata }), "echo works"), "works");
    assert.notEqual((await next.status()).network?.ip, (await old.status()).network?.ip);
    const ruled = new RegExp(`${next.id}.*|.*dport 21201`);
    assert.ok((await rulesOf(daemon.network)).some((rule) => ruled.test(rule)));
    await old[Symbol.asyncDispose]();
    // Removing the old one took nothing from the new one.
    await assertNoStrangers(daemon);
    const same = await livePod(daemon, old.config);
    await same.run({ metadata });
    for (const pod of [next, same]) await pod[Symbol.asyncDispose]();
    assert.deepEqual(leases(daemon), []);
  });

  it("what was half made is gone, or there as a whole", async () => {
    const { daemon } = parts;
    const { runtime } = daemon.client;
    for (let cut = 0; cut < CUTS; cut++) {
      const pod = await livePod(daemon);
      const config = podConfigFor(daemon);
      const calls = [
        runtime.RunPodSandbox({ config }),
        runtime.CreateContainer({
          podSandboxId: pod.id,
          config: containerConfig(),
          sandboxConfig: pod.config,
        }),
      ];
      for (const call of calls) call.catch(() => {});
      await sleep((cut * LONGEST) / CUTS);
      await reboot(daemon);
      await assertNoStrangers(daemon);
      const { items } = await runtime.ListPodSandbox();
      for (const { state } of items) assert.equal(state, "SANDBOX_NOTREADY");
      const { containers } = await runtime.ListContainers();
      for (const { state } of containers) assert.equal(state, "CONTAINER_EXITED");
      for (const { id: podSandboxId } of items) {
        await runtime.StopPodSandbox({ podSandboxId });
        await runtime.RemovePodSandbox({ podSandboxId });
      }
      assert.deepEqual(leases(daemon), []);
    }
    await assertNoStrangers(daemon);
  });

  it("a pod that was being stopped or removed can be removed", async () => {
    const { daemon } = parts;
    const { runtime } = daemon.client;
    for (let cut = 0; cut < CUTS; cut++) {
      const [stopping, removing] = [await livePod(daemon), await livePod(daemon)];
      for (const pod of [stopping, removing]) await pod.run();
      runtime.StopPodSandbox({ podSandboxId: stopping.id }).catch(() => {});
      runtime.RemovePodSandbox({ podSandboxId: removing.id }).catch(() => {});
      await sleep((cut * LONGEST) / CUTS);
      await reboot(daemon);
      for (const pod of [stopping, removing]) await pod[Symbol.asyncDispose]();
      assert.deepEqual(leases(daemon), []);
    }
    await assertNoStrangers(daemon);
  });

  it("an image that was removed under its container goes with it", async () => {
    const { daemon } = parts;
    const { image } = daemon.client;
    const pod = await livePod(daemon);
    await pod.run();
    await image.RemoveImage({ image: { image: BUSYBOX } });
    await reboot(daemon);
    assert.equal((await image.ImageStatus({ image: { image: BUSYBOX } })).image, null);
    await assertNoStrangers(daemon);
    await pod[Symbol.asyncDispose]();
    await assertNoStrangers(daemon);
    await image.PullImage({ image: { image: BUSYBOX } });
  });

  it("a second reboot during the recovery from the first changes nothing", async () => {
    const { daemon } = parts;
    const pods = [await livePod(daemon), await livePod(daemon, onHost())];
    for (const pod of pods) await pod.run();
    await reboot(daemon);
    await daemon.kill();
    await reboot(daemon);
    for (const pod of pods) {
      assert.equal((await pod.status()).state, "SANDBOX_NOTREADY");
      await pod[Symbol.asyncDispose]();
    }
    await assertNoStrangers(daemon);
    parts.nothing = await countWithNothing(daemon);
  });
});
