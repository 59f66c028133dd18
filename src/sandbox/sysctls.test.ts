import assert from "node:assert/strict";
import { test } from "node:test";
import { podConfig } from "./fixtures.test.ts";
import { podSysctls } from "./sysctls.ts";

test("the request goes before the defaults, and an interface's own wait for the interface", () => {
  const config = podConfig({
    linux: {
      sysctls: {
        "net.ipv4.ip_forward": "1",
        "net.ipv4.conf.eth0.rp_filter": "2",
        "net/ipv6/neigh/eth0/gc_stale_time": "9",
      },
    },
  });
  const defaults = { "net.ipv4.ip_forward": "0", "net.ipv4.conf.all.rp_filter": "1", "kernel.shmmax": "1" };
  assert.deepEqual(podSysctls(config, defaults), {
    early: { "net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "1", "kernel.shmmax": "1" },
    late: { "net.ipv4.conf.eth0.rp_filter": "2", "net/ipv6/neigh/eth0/gc_stale_time": "9" },
  });
});

test("a default of a namespace that is the host's is left out; a request for it stays, to be refused", () => {
  const config = podConfig({
    linux: {
      securityContext: { namespaceOptions: { network: "NODE", ipc: "NODE" } },
      sysctls: { "kernel.msgmax": "1", "net.ipv4.conf.eth0.rp_filter": "2" },
    },
  });
  const defaults = { "net.core.somaxconn": "5", "kernel.shmmax": "1" };
  assert.deepEqual(podSysctls(config, defaults), {
    early: { "kernel.msgmax": "1", "net.ipv4.conf.eth0.rp_filter": "2" },
    late: {},
  });
});

test("a name that means something to JavaScript is a name like any other, to be refused", () => {
  const sysctls = Object.fromEntries([["__proto__", "1"]]);
  assert.deepEqual(Object.entries(podSysctls(podConfig({ linux: { sysctls } }), {}).early), [
    ["__proto__", "1"],
  ]);
});
