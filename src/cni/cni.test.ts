// The real plugins, in a network namespace that stands for the host: the machine's own bridges and rules stay alone.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { PortMapping } from "../cri/messages.ts";
import { isNamespace, NamespaceMaker, removeNamespace } from "../linux/namespaces.ts";
import { Cni, type PodAttachment } from "./cni.ts";

const realPlugins = "/usr/lib/cni";
const folder = mkdtempSync(join(tmpdir(), "critter-cni-"));
const networkDir = join(folder, "net.d");
const pluginDir = join(folder, "bin");
const leases = join(folder, "leases");
const host = join(folder, "host");
const maker = new NamespaceMaker();
const cni = new Cni({ networkDir, pluginDirs: [pluginDir], cacheDir: join(folder, "cache") });

const onHost = (...command: string[]) =>
  execFileSync("nsenter", [`--net=${host}`, ...command], { encoding: "utf8" });
const inPod = (pod: PodAttachment, ...command: string[]) =>
  execFileSync("nsenter", [`--net=${pod.netns}`, ...command], { encoding: "utf8" });
const rules = () => [onHost("iptables", "-t", "nat", "-S"), onHost("ip6tables", "-t", "nat", "-S")].join("");
const leased = () => readdirSync(join(leases, "pods")).filter((file) => /^[\da-f.:]+$/.test(file));

before(async () => {
  mkdirSync(pluginDir);
  for (const type of ["bridge", "host-local", "portmap", "tuning"]) {
    writeFileSync(join(pluginDir, type), `#!/bin/sh\nexec nsenter --net=${host} ${realPlugins}/${type}\n`);
    chmodSync(join(pluginDir, type), 0o755);
  }
  await maker.create({ net: host });
  mkdirSync(networkDir);
  const ranges = [[{ subnet: "10.213.0.0/24" }], [{ subnet: "fd00:213::/64" }]];
  const routes = [{ dst: "0.0.0.0/0" }, { dst: "::/0" }];
  const ipam = { type: "host-local", dataDir: leases, ranges, routes };
  writeFileSync(
    join(networkDir, "10-pods.conflist"),
    JSON.stringify({
      cniVersion: "1.0.0",
      name: "pods",
      plugins: [
        { type: "bridge", bridge: "crt-test0", isGateway: true, ipMasq: true, ipam },
        { type: "portmap", snat: true, capabilities: { portMappings: true } },
      ],
    }),
  );
  cni.start();
});

after(async () => {
  cni.close();
  for (const id of readdirSync(join(folder, "pods"))) removeNamespace(join(folder, "pods", id));
  removeNamespace(host);
  await maker.close();
  rmSync(folder, { recursive: true });
});

async function makePod(id: string, portMappings: PortMapping[] = []): Promise<PodAttachment> {
  const netns = join(folder, "pods", id);
  await maker.create({ net: netns });
  return { id, name: id, namespace: "test", uid: `uid-${id}`, netns, portMappings, annotations: {} };
}

test("a pod gets its addresses and ports and leaves nothing", async () => {
  assert.deepEqual(cni.status(), { ready: true, reason: "", message: "" });
  const pod = await makePod("whole", [
    { protocol: "TCP", containerPort: 80, hostPort: 8080, hostIp: "" },
    { protocol: "UDP", containerPort: 81, hostPort: 0, hostIp: "" },
  ]);
  // The plugins' own chains stay from the first pod on: that is the state to compare with.
  await cni.add(pod);
  await cni.remove(pod);
  const rulesBefore = rules();

  const { ips, result } = await cni.add(pod);
  assert.equal(ips.length, 2);
  assert.match(ips[0]!, /^10\.213\.0\.\d+$/);
  assert.match(ips[1]!, /^fd00:213::/);
  assert.ok(result.interfaces.some(({ name, sandbox }) => name === "eth0" && sandbox === pod.netns));
  assert.ok(inPod(pod, "ip", "-o", "addr", "show", "eth0").includes(ips[0]!));
  assert.match(rules(), /--dport 8080 -j DNAT --to-destination 10\.213\.0\.\d+:80/);
  assert.doesNotMatch(rules(), /:81\b/);
  assert.equal(leased().length, 2);
  await cni.remove(pod);
  await cni.remove(pod);
  assert.equal(rules(), rulesBefore);
  assert.deepEqual(leased(), []);
  assert.deepEqual(readdirSync(join(folder, "cache")), []);
  removeNamespace(pod.netns);
});

test("CHECK finds out what happened to the pod's network since", async () => {
  const pod = await makePod("checked");
  await assert.rejects(cni.check(pod), { code: 9, message: /pod checked is not in the network/ });
  await cni.add(pod);
  await cni.check(pod);
  inPod(pod, "ip", "link", "delete", "eth0");
  await assert.rejects(cni.check(pod), /network "pods": plugin "bridge": CHECK/);
  await cni.remove(pod);
  removeNamespace(pod.netns);
});

test("a pod whose namespace is gone still gives back its address", async () => {
  const pod = await makePod("gone");
  await cni.add(pod);
  removeNamespace(pod.netns);
  await cni.remove(pod);
  assert.deepEqual(leased(), []);
  // As after a reboot: a plain file where the namespace was pinned.
  writeFileSync(pod.netns, "");
  assert.equal(isNamespace(pod.netns), false);
  await cni.remove(pod);
  rmSync(pod.netns);
});

test("what a plugin that fails late has done is taken back by DEL", async () => {
  const pod = await makePod("late", [
    { protocol: "TCP", containerPort: 80, hostPort: 8080, hostIp: "not-an-ip" },
  ]);
  const rulesBefore = rules();
  await assert.rejects(cni.add(pod), /CNI network "pods": plugin "portmap": ADD: /);
  await cni.remove(pod);
  assert.deepEqual(leased(), []);
  assert.equal(rules(), rulesBefore);
  assert.deepEqual(readdirSync(join(folder, "cache")), []);
  assert.equal(spawnSync("nsenter", [`--net=${pod.netns}`, "ip", "link", "show", "eth0"]).status, 1);
  removeNamespace(pod.netns);
});

test("pods at the same time get different addresses; GC frees those that belong to nobody", async () => {
  const pods = await Promise.all(["a", "b", "c", "d"].map((id) => makePod(id)));
  const networks = await Promise.all(pods.map((pod) => cni.add(pod)));
  assert.equal(new Set(networks.flatMap(({ ips }) => ips)).size, 8);
  await cni.gc([{ containerId: "b", ifName: "eth0" }]);
  assert.deepEqual(leased().sort(), [...networks[1]!.ips].sort());
  await cni.remove(pods[1]!);
  assert.deepEqual(leased(), []);
  for (const pod of pods) removeNamespace(pod.netns);
});

test("VERSION says what a plugin speaks", async () => {
  assert.ok((await cni.version("bridge")).includes("1.0.0"));
  await assert.rejects(cni.version("absent"), /plugin "absent": VERSION: no such plugin in /);
});
