import assert from "node:assert/strict";
import { test } from "node:test";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { startDaemon } from "../support/daemon.ts";
import { inParallel } from "../support/parallel.ts";
import { assertNothingLeft, countWithNothing, removePod, runContainer, runPod } from "../support/pods.ts";

const PODS = 100;
const AT_A_TIME = 8;
const FIRST_HOST_PORT = 21_300;

test("a hundred pods of two containers, created eight at a time, leave nothing behind", async () => {
  await ensureImages("base");
  await using registry = await Registry.start({ storage: storeFolder() });
  await using daemon = await startDaemon({ registry: registry.address });
  const { runtime } = daemon.client;
  const before = await countWithNothing(daemon);

  const ids = await inParallel(PODS, AT_A_TIME, async (at) => {
    // Host ports make iptables rules, so some pods have one.
    const portMappings = at % 10 === 0 ? [{ containerPort: 80, hostPort: FIRST_HOST_PORT + at }] : [];
    const pod = await runPod(daemon, { portMappings });
    await runContainer(daemon, pod, { command: ["sleep", "100000"] });
    await runContainer(daemon, pod, { command: ["sleep", "100000"] });
    return pod.id;
  });

  const { items } = await runtime.ListPodSandbox({ filter: { state: { state: "SANDBOX_READY" } } });
  assert.deepEqual(items.map(({ id }) => id).sort(), ids.toSorted());
  const running = await runtime.ListContainers({ filter: { state: { state: "CONTAINER_RUNNING" } } });
  assert.equal(running.containers.length, 2 * PODS);
  const addresses = new Set<string>();
  for (const podSandboxId of ids) {
    const { status } = await runtime.PodSandboxStatus({ podSandboxId });
    addresses.add(status?.network?.ip ?? "");
  }
  assert.equal(addresses.size, PODS, "every pod has an address of its own");

  await inParallel(PODS, AT_A_TIME, (at) => removePod(daemon, ids[at]!));
  await assertNothingLeft(daemon, before);
});
