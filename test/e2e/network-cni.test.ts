import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { cacheDir } from "../cache.ts";
import { changeNetwork } from "../support/conflist.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { CNI_BIN_DIR } from "../support/network.ts";
import { suite } from "../support/suite.ts";

/** Plugins that speak CNI 1.1, which Debian bookworm's do not. */
const PLUGINS_1_1 = join(cacheDir(), "bin", "cni-plugins");
const plugins = mkdtempSync(join(tmpdir(), "critter-recording-"));
cpSync(join(import.meta.dirname, "recording-plugin.sh"), join(plugins, "recording"));

after(() => rmSync(plugins, { recursive: true }));

/** What the plugin was given at a call. */
function call(command: string, id = "none") {
  const text = readFileSync(join(plugins, "calls", `${command}-${id}`), "utf8");
  return JSON.parse(text);
}

describe("what plugins are told", () => {
  const parts = suite({ settings: { "crio.network": { plugin_dirs: [plugins, CNI_BIN_DIR] } } });

  before(async () => {
    const capabilities = { portMappings: true, bandwidth: true, dns: true, ipRanges: true };
    await changeNetwork(parts.daemon, (conflist) => {
      conflist.plugins.push({ type: "recording", capabilities, own: "key" });
    });
  });

  it("who the pod is, what it asks for, and at DEL what ADD had answered, also after kill -9", async () => {
    const { daemon } = parts;
    const podCidr = "10.88.0.0/16";
    await daemon.client.runtime.UpdateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr } } });
    const dnsConfig = { servers: ["10.0.0.10"], searches: ["a.test"], options: ["ndots:5"] };
    const annotations = { "kubernetes.io/ingress-bandwidth": "1M" };
    const portMappings = [{ containerPort: 80, hostPort: 21_100 }];
    const pod = await livePod(daemon, { dnsConfig, annotations, portMappings });
    const add = call("ADD", pod.id);
    assert.equal(add.name, daemon.network.name);
    assert.equal(add.own, "key");
    assert.equal(add.capabilities, undefined);
    assert.deepEqual(add.runtimeConfig.portMappings, [
      { hostPort: 21_100, containerPort: 80, protocol: "tcp" },
    ]);
    assert.equal(add.runtimeConfig.bandwidth.ingressRate, 1_000_000);
    assert.deepEqual(add.runtimeConfig.dns, dnsConfig);
    assert.deepEqual(add.runtimeConfig.ipRanges, [[{ subnet: podCidr }]]);
    const args = readFileSync(join(plugins, "calls", `ADD-${pod.id}.args`), "utf8");
    const { name, namespace, uid } = pod.config.metadata!;
    for (const pair of [
      `NAME=${name}`,
      `NAMESPACE=${namespace}`,
      `UID=${uid}`,
      `INFRA_CONTAINER_ID=${pod.id}`,
    ])
      assert.ok(args.split(";").includes(`K8S_POD_${pair}`), args);

    await daemon.kill();
    await daemon.start();
    await pod[Symbol.asyncDispose]();
    const del = call("DEL", pod.id);
    assert.deepEqual(del.prevResult.ips, add.prevResult.ips);
    assert.deepEqual(del.runtimeConfig, add.runtimeConfig);
  });

  it("a pod goes by the network it came in with, whatever the folder says meanwhile", async () => {
    const pod = await livePod(parts.daemon);
    await changeNetwork(parts.daemon, (conflist) => void conflist.plugins.pop());
    await pod[Symbol.asyncDispose]();
    assert.equal(call("DEL", pod.id).own, "key");
  });
});

describe("CNI 1.1", { skip: !existsSync(PLUGINS_1_1) && `there are no plugins in ${PLUGINS_1_1}` }, () => {
  const parts = suite({ settings: { "crio.network": { plugin_dirs: [plugins, PLUGINS_1_1] } } });

  before(async () => {
    await changeNetwork(parts.daemon, (conflist) => {
      conflist.cniVersion = "1.1.0";
      conflist.plugins.push({ type: "recording" });
    });
  });

  async function networkReady() {
    const { status } = await parts.daemon.client.runtime.Status({});
    return status?.conditions.find(({ type }) => type === "NetworkReady");
  }

  it("NetworkReady is what STATUS says", async () => {
    const notReady = join(plugins, "calls", "not-ready");
    await eventually(async () => assert.equal((await networkReady())?.status, true));
    writeFileSync(notReady, "");
    await eventually(async () => assert.equal((await networkReady())?.status, false));
    assert.match((await networkReady())?.message ?? "", /no route to the other nodes yet/);
    rmSync(notReady);
    await eventually(async () => assert.equal((await networkReady())?.status, true));
  });

  it("after kill -9 GC tells the plugins which attachments are valid, and pods keep their addresses", async () => {
    const { daemon } = parts;
    await using pod = await livePod(daemon);
    const { network } = await pod.status();
    await daemon.kill();
    await daemon.start();
    assert.ok(existsSync(join(daemon.network.leaseDir, network!.ip)));
    const valid = call("GC")["cni.dev/valid-attachments"];
    assert.deepEqual(valid, [{ containerID: pod.id, ifname: "eth0" }]);
    const id = await pod.run();
    assert.match(await pod.sh(id, "ip address show dev eth0"), new RegExp(`inet ${network?.ip}/`));
  });
});
