import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { outcome } from "../support/cri.ts";
import { cgroupManager, testRuntime } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { podConfigFor } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

const parts = suite();

async function condition(type: string) {
  const answer = await parts.daemon.client.runtime.Status({});
  return answer.status!.conditions.find((one) => one.type === type)!;
}

function untilNetworkIs(ready: boolean) {
  return eventually(async () => {
    const network = await condition("NetworkReady");
    assert.equal(network.status, ready, network.message);
    return network;
  });
}

test("Status: both conditions, the handlers, and verbose the configuration", async () => {
  const { daemon } = parts;
  for (const type of ["RuntimeReady", "NetworkReady"]) assert.equal((await condition(type)).status, true);
  const { runtimeHandlers, info } = await daemon.client.runtime.Status({ verbose: true });
  assert.deepEqual(runtimeHandlers.map(({ name }) => name).sort(), ["", testRuntime]);
  assert.equal(JSON.parse(info.config!).api.listen, daemon.socket);
  assert.equal(JSON.parse(info.cniconfig!).network.name, daemon.network.name);
  assert.deepEqual((await daemon.client.runtime.Status({})).info, {});
});

test("Status: what the runtime can do, for the handler's own name and for none", async () => {
  const { runtimeHandlers, features } = await parts.daemon.client.runtime.Status({});
  const [unnamed, named] = runtimeHandlers;
  assert.equal(named?.features?.recursiveReadOnlyMounts, true);
  assert.deepEqual(unnamed?.features, named?.features);
  assert.deepEqual(features, {
    supplementalGroupsPolicy: true,
    userNamespacesHostNetwork: false,
    mountOptions: true,
  });
});

test("RuntimeConfig names the cgroup driver", async () => {
  const { linux } = await parts.daemon.client.runtime.RuntimeConfig({});
  assert.equal(linux?.cgroupDriver, cgroupManager.toUpperCase());
});

test("NetworkReady follows the CNI folder, and a pod without network runs while there is none", async () => {
  const { daemon } = parts;
  const { runtime } = daemon.client;
  const file = join(daemon.network.confDir, "10-bridge.conflist");
  const earlier = await livePod(daemon);
  renameSync(file, `${file}.away`);
  const gone = await untilNetworkIs(false);
  assert.equal(gone.reason, "NetworkPluginNotReady");
  assert.match(gone.message, new RegExp(`no network configuration in ${daemon.network.confDir}`));
  const { info } = await runtime.Status({ verbose: true });
  assert.equal(JSON.parse(info.lastCNILoadStatus!), gone.message);
  await assert.rejects(runtime.RunPodSandbox({ config: podConfigFor(daemon) }), {
    code: status.FAILED_PRECONDITION,
    message: /network is not ready/,
  });
  await earlier[Symbol.asyncDispose]();
  await using onHost = await livePod(daemon, {
    linux: {
      cgroupParent: daemon.cgroupParent,
      securityContext: { namespaceOptions: { network: "NODE" } },
    },
  });
  assert.equal((await onHost.status()).state, "SANDBOX_READY");

  writeFileSync(file, "{ not JSON");
  await eventually(async () => assert.match((await condition("NetworkReady")).message, /10-bridge.conflist/));
  renameSync(`${file}.away`, file);
  await untilNetworkIs(true);
});

test("NetworkReady is false while the network's plugin is missing, and its message names it", async () => {
  const { confDir } = parts.daemon.network;
  const file = join(confDir, "00-other.conf");
  writeFileSync(file, JSON.stringify({ cniVersion: "1.0.0", name: "other", type: "no-such-plugin" }));
  assert.match((await untilNetworkIs(false)).message, /no plugin "no-such-plugin" in/);
  renameSync(file, `${file}.away`);
  await untilNetworkIs(true);
});

test("UpdateRuntimeConfig takes CIDRs of one or both families, and nothing else", async () => {
  const update = (podCidr: string) =>
    outcome(
      parts.daemon.client.runtime.UpdateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr } } }),
    );
  for (const right of ["10.1.0.0/16", "10.1.0.0/16,fd00:1::/64", ""])
    assert.equal(await update(right), "OK", right);
  for (const wrong of ["10.1.0.0", "10.1.0.0/33", "10.1.0/8", "fd00::/129", "10.1.0.0/16,", "cidr"])
    assert.equal(await update(wrong), "INVALID_ARGUMENT", wrong);
});
