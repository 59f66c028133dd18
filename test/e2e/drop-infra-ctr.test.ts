import assert from "node:assert/strict";
import { test } from "node:test";
import { livePod } from "../support/live-pod.ts";
import { countResources } from "../support/resources.ts";
import { suite } from "../support/suite.ts";

const parts = suite({ settings: { "crio.runtime": { drop_infra_ctr: true } } });

/** The pod of most workloads: a PID namespace for each container. */
function podOfContainers() {
  const { cgroupParent } = parts.daemon;
  const namespaceOptions = { pid: "CONTAINER" } as const;
  return livePod(parts.daemon, { linux: { cgroupParent, securityContext: { namespaceOptions } } });
}

const ofContainer = { linux: { securityContext: { namespaceOptions: { pid: "CONTAINER" } as const } } };

test("drop_infra_ctr: a pod without a process of its own shares network, IPC and hostname", async () => {
  const { daemon } = parts;
  await using pod = await podOfContainers();
  assert.deepEqual(await pod.verbose().then(({ pid, runtimeSpec }) => [pid, runtimeSpec]), [0, null]);
  assert.equal((await countResources(daemon)).monitors, 0);
  const [one, two] = [await pod.run(ofContainer), await pod.run(ofContainer)];
  for (const type of ["net", "ipc", "uts"]) {
    const script = `readlink /proc/self/ns/${type}`;
    assert.equal(await pod.sh(one, script), await pod.sh(two, script));
  }
  const { network } = await pod.status();
  assert.match(await pod.sh(one, "ip address show dev eth0"), new RegExp(`inet ${network?.ip}/`));
  assert.equal(await pod.sh(two, "tr '\\0' ' ' </proc/1/cmdline"), "top ");
});

test("drop_infra_ctr: a shared PID namespace still has its pause container", async () => {
  await using pod = await livePod(parts.daemon);
  assert.ok((await pod.verbose()).pid > 0);
  assert.equal(await pod.sh(await pod.run(), "tr '\\0' ' ' </proc/1/cmdline"), "/pause ");
});

test("drop_infra_ctr: after kill -9 of the daemon the pod is ready, and takes containers", async () => {
  const { daemon } = parts;
  await using pod = await podOfContainers();
  const id = await pod.run(ofContainer);
  await daemon.kill();
  await daemon.start();
  assert.equal((await pod.status()).state, "SANDBOX_READY");
  assert.equal(await pod.sh(id, "echo runs"), "runs");
  const later = await pod.run(ofContainer);
  const script = "readlink /proc/self/ns/net";
  assert.equal(await pod.sh(later, script), await pod.sh(id, script));
  await daemon.client.runtime.StopPodSandbox({ podSandboxId: pod.id });
  assert.equal((await pod.status()).state, "SANDBOX_NOTREADY");
});
