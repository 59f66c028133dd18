import assert from "node:assert/strict";
import { test } from "node:test";
import { podIps, readResult } from "./result.ts";

test("the addresses of the pod's interface come out in order, each once, without prefix lengths", () => {
  const result = readResult({
    cniVersion: "1.0.0",
    interfaces: [
      { name: "cni0", mac: "02:00:00:00:00:01" },
      { name: "eth0", sandbox: "/run/netns/pod" },
      { name: "lo", sandbox: "/run/netns/pod" },
      { name: "eth1", sandbox: "/run/netns/pod" },
    ],
    ips: [
      { address: "10.9.0.1/16", interface: 0 },
      { address: "127.0.0.1/8", interface: 2 },
      { address: "fd00::5/64", interface: 1, gateway: "fd00::1" },
      { address: "10.9.0.5/16", interface: 1 },
      { address: "10.9.0.5/16", interface: 1 },
      { address: "192.168.0.5/24", interface: 3 },
    ],
    dns: { nameservers: ["10.9.0.1"] },
  });
  assert.deepEqual(podIps(result, "eth0"), ["fd00::5", "10.9.0.5"]);
  assert.deepEqual(podIps(result, "net9"), ["fd00::5", "10.9.0.5", "192.168.0.5"]);
  assert.deepEqual(result.dns.nameservers, ["10.9.0.1"]);
});

test("addresses without an interface are the pod's; the loopback's never are", () => {
  const result = readResult({ ips: [{ version: "4", address: "10.9.0.5/16" }, { address: "::1/128" }] });
  assert.deepEqual(podIps(result, "eth0"), ["10.9.0.5"]);
  assert.deepEqual(podIps(readResult({}), "eth0"), []);
});

test("the first versions' addresses are read too", () => {
  const result = readResult({
    cniVersion: "0.2.0",
    ip4: { ip: "10.9.0.5/16", gateway: "10.9.0.1" },
    ip6: { ip: "fd00::5/64" },
  });
  assert.deepEqual(podIps(result, "eth0"), ["10.9.0.5", "fd00::5"]);
});

test("a wrong result says where", () => {
  assert.throws(() => readResult({ ips: [{ address: 7 }] }), /ips has the address 7/);
  assert.throws(() => readResult({ interfaces: "eth0" }), /interfaces is "eth0"/);
});
