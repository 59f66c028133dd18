import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { before, describe, it } from "node:test";
import { NGINX } from "../support/configs.ts";
import { changeNetwork } from "../support/conflist.ts";
import { eventually } from "../support/eventually.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const PORT_80 = { containerPort: 80, hostPort: 21_080 };

/** The text that an HTTP server answers with. */
async function get(url: string): Promise<string> {
  return eventually(async () => (await fetch(url, { signal: AbortSignal.timeout(2000) })).text());
}

/** A /64 below fd00::/8 that follows the IPv4 subnet, which no other test has. */
const ipv6Subnet = (subnet: string) => `fd00:${subnet.split(".").join(":")}::/64`;

describe("IPv4 and IPv6 together", () => {
  const parts = suite({ images: [NGINX] });

  before(async () => {
    const { subnet } = parts.daemon.network;
    await changeNetwork(parts.daemon, ({ plugins: [bridge] }) => {
      const ipam = bridge!.ipam as { ranges: object[][]; routes: object[] };
      ipam.ranges.push([{ subnet: ipv6Subnet(subnet) }]);
      ipam.routes.push({ dst: "::/0" });
    });
  });

  async function addresses(pod: LivePod): Promise<string[]> {
    const { network } = await pod.status();
    return [network?.ip ?? "", ...(network?.additionalIps.map(({ ip }) => ip) ?? [])];
  }

  it("a pod has both, in its status, its /etc/hosts and on its interface, and answers on both", async () => {
    await using pod = await livePod(parts.daemon, { hostname: "both" });
    const [ipv4, ipv6, ...more] = await addresses(pod);
    assert.match(ipv4!, /^10\./);
    assert.match(ipv6!, /^fd00:/);
    assert.deepEqual(more, []);
    const id = await pod.run({ command: ["nc", "-ll", "-p", "8080", "-e", "echo", "hello"] });
    const hosts = await pod.sh(id, "cat /etc/hosts");
    for (const ip of [ipv4, ipv6]) assert.ok(hosts.split("\n").includes(`${ip}\tboth`), hosts);
    assert.match(await pod.sh(id, "ip address show dev eth0"), new RegExp(`inet6 ${ipv6}/64 scope global`));
    assert.match(await pod.sh(id, "ip -6 route"), /default via fd00:/);
    await using other = await livePod(parts.daemon);
    const client = await other.run();
    for (const ip of [ipv4, ipv6])
      assert.equal(await eventually(() => other.sh(client, `nc ${ip} 8080 </dev/null`)), "hello", ip);
  });

  it("host ports lead to the pod: TCP, UDP, and on one address of the host", async () => {
    const udp = { containerPort: 5353, hostPort: 21_053, protocol: "UDP" as const };
    const address = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .find(({ family, internal, address }) => family === "IPv4" && !internal && !address.startsWith("10."));
    const own = { containerPort: 80, hostPort: 21_081, hostIp: address?.address ?? "127.0.0.1" };
    const portMappings = [PORT_80, udp, own, { containerPort: 443 }];
    await using pod = await livePod(parts.daemon, { portMappings });
    const id = await pod.run({ image: { image: NGINX }, command: [] });
    assert.match(await get(`http://127.0.0.1:${PORT_80.hostPort}/`), /Welcome to nginx!/);
    assert.match(await get(`http://${own.hostIp}:${own.hostPort}/`), /Welcome to nginx!/);

    // Nobody listens in the pod, and that it counts itself.
    const refused = () => pod.sh(id, "awk '/^Udp: [0-9]/ { print $3 }' /proc/net/snmp");
    const before = Number(await refused());
    const socket = createSocket("udp4");
    await eventually(async () => {
      await new Promise((resolve) => socket.send("hello", udp.hostPort, "127.0.0.1", resolve));
      assert.ok(Number(await refused()) > before);
    });
    socket.close();
  });

  it("a host port is free again once its pod is stopped", async () => {
    for (let time = 0; time < 2; time++) {
      await using pod = await livePod(parts.daemon, { portMappings: [PORT_80] });
      await pod.run({ image: { image: NGINX }, command: [] });
      assert.match(await get(`http://127.0.0.1:${PORT_80.hostPort}/`), /Welcome to nginx!/);
      await parts.daemon.client.runtime.StopPodSandbox({ podSandboxId: pod.id });
      await assert.rejects(
        fetch(`http://127.0.0.1:${PORT_80.hostPort}/`, { signal: AbortSignal.timeout(500) }),
      );
    }
  });

  it("nothing of IPv6 is left in iptables", () => {
    const rules = execFileSync("ip6tables-save", { encoding: "utf8" });
    assert.ok(!rules.includes(`\\"${parts.daemon.network.name}\\"`));
  });
});

describe("IPv6 alone, and bandwidth", () => {
  const parts = suite();

  before(async () => {
    const { subnet } = parts.daemon.network;
    await changeNetwork(parts.daemon, ({ plugins }) => {
      const ipam = plugins[0]!.ipam as { ranges: object[][]; routes: object[] };
      ipam.ranges = [[{ subnet: ipv6Subnet(subnet) }]];
      ipam.routes = [{ dst: "::/0" }];
      plugins.push({ type: "bandwidth", capabilities: { bandwidth: true } });
    });
  });

  it("a pod has one address, and the rates that its annotations ask for", async () => {
    const annotations = {
      "kubernetes.io/ingress-bandwidth": "10M",
      "kubernetes.io/egress-bandwidth": "20M",
    };
    await using pod = await livePod(parts.daemon, { annotations });
    const { network } = await pod.status();
    assert.match(network?.ip ?? "", /^fd00:/);
    assert.deepEqual(network?.additionalIps, []);
    assert.equal(await pod.sh(await pod.run(), "ip -4 address show dev eth0"), "");
    const queues = execFileSync("tc", ["qdisc"], { encoding: "utf8" });
    assert.match(queues, /tbf .* rate 10Mbit/);
    assert.match(queues, /tbf .* rate 20Mbit/);
  });

  it("a rate that is none is refused", async () => {
    const annotations = { "kubernetes.io/ingress-bandwidth": "fast" };
    await assert.rejects(livePod(parts.daemon, { annotations }), /ingress-bandwidth.* is "fast"/);
  });
});
