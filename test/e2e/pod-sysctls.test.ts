import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import type { NamespaceOption } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { refusal } from "../support/cri.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { type Suite, suite } from "../support/suite.ts";

type Sysctls = Record<string, string>;

function podWith(
  parts: Suite,
  sysctls: Sysctls,
  namespaceOptions: Init<NamespaceOption> = {},
): Promise<LivePod> {
  const { cgroupParent } = parts.daemon;
  return livePod(parts.daemon, { linux: { cgroupParent, sysctls, securityContext: { namespaceOptions } } });
}

/** What a container of the pod reads, by path below /proc/sys. */
async function read(pod: LivePod, ...paths: string[]): Promise<string[]> {
  const files = paths.map((path) => `cat /proc/sys/${path}`);
  return (await pod.sh(await pod.run(), files.join("; "))).split("\n");
}

describe("a pod's sysctls", () => {
  const parts = suite();

  it("safe and unsafe ones are set, with dots or slashes in their names", async () => {
    await using pod = await podWith(parts, {
      "kernel.shm_rmid_forced": "1",
      "kernel/msgmax": "65536",
      "fs.mqueue.msg_max": "100",
      "net.ipv4.tcp_syncookies": "0",
      "net/ipv4/ip_local_port_range": "10000 20000",
      "net/ipv4/conf/lo/rp_filter": "2",
    });
    const values = await read(
      pod,
      "kernel/shm_rmid_forced",
      "kernel/msgmax",
      "fs/mqueue/msg_max",
      "net/ipv4/tcp_syncookies",
      "net/ipv4/ip_local_port_range",
      "net/ipv4/conf/lo/rp_filter",
    );
    assert.deepEqual(values, ["1", "65536", "100", "0", "10000\t20000", "2"]);
  });

  const host: [NamespaceOption["network"], Init<NamespaceOption>, string[]][] = [
    ["NODE", { network: "NODE" }, ["net.ipv4.ip_unprivileged_port_start", "net/core/somaxconn"]],
    ["NODE", { ipc: "NODE" }, ["kernel.shmmax", "kernel.msgmnb", "kernel.sem", "fs.mqueue.msg_max"]],
  ];
  for (const [, options, names] of host) {
    it(`are refused where the namespace is the node's: ${Object.keys(options)}`, async () => {
      for (const name of names) {
        const reason = new RegExp(`sysctls\\["${name}"\\] is "1": the pod has no \\w+ namespace of its own`);
        await assert.rejects(
          podWith(parts, { [name]: "1" }, options),
          refusal("INVALID_ARGUMENT", reason),
          name,
        );
      }
    });
  }

  it("are refused by name and value where they are the node's, unknown, no names, or of a value that the kernel does not take", async () => {
    for (const [name, value] of [
      ["vm.overcommit_memory", "1"],
      ["kernel.panic", "1"],
      ["net.ipv4.no_such_thing", "1"],
      ["net..x", "1"],
      ["net.ipv4/../../kernel.panic", "1"],
      ["net.ipv4.ip_forward", "maybe"],
    ] as const) {
      const named = refusal("INVALID_ARGUMENT", /^linux\.sysctls\["[^"]+"\] is "\w+": /);
      await assert.rejects(podWith(parts, { [name]: value }), named, name);
    }
    assert.deepEqual((await parts.daemon.client.runtime.ListPodSandbox()).items, []);
  });
});

describe("default_sysctls", () => {
  const sysctls = ["net.ipv4.ping_group_range=0 100", "kernel.shm_rmid_forced=1"];
  const parts = suite({ settings: { "crio.runtime": { default_sysctls: sysctls } } });

  it("are every pod's, unless it says otherwise or the namespace is the node's", async () => {
    await using pod = await podWith(parts, { "kernel.shm_rmid_forced": "0" });
    assert.deepEqual(await read(pod, "net/ipv4/ping_group_range", "kernel/shm_rmid_forced"), ["0\t100", "0"]);
    await using onHost = await podWith(parts, {}, { network: "NODE" });
    assert.deepEqual(await read(onHost, "kernel/shm_rmid_forced"), ["1"]);
  });
});

test("a default sysctl that is the node's own keeps the daemon from starting, by key and value", async () => {
  const { startDaemon } = await import("../support/daemon.ts");
  const settings = { "crio.runtime": { default_sysctls: ["vm.swappiness=1"] } };
  await assert.rejects(startDaemon({ settings }), /default_sysctls is \["vm\.swappiness=1"\]/);
});
