import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerStats, PsiStats } from "../cri/messages.ts";
import { loadCri } from "../cri/proto.ts";
import { type PodStats, StatsEncoder } from "./encoding.ts";

const cri = loadCri();
const { ListContainerStats, ListPodSandboxStats } = cri.RuntimeService;

const timestamp = "1795275529123456000";
const value = (number: number | string) => ({ value: number });
const psi: PsiStats = {
  Full: { Total: 0, Avg10: 0, Avg60: 0.5, Avg300: 99.99 },
  Some: { Total: 12_345_678_901_000, Avg10: 1.25, Avg60: 0, Avg300: 0 },
};

const whole: ContainerStats = {
  attributes: {
    id: "a".repeat(64),
    metadata: { name: "app", attempt: 3 },
    labels: { one: "1", "two/three": "ü".repeat(300) },
    annotations: { empty: "" },
  },
  cpu: { timestamp, usageCoreNanoSeconds: value("9007199254740993123"), usageNanoCores: value(0), psi },
  memory: {
    timestamp,
    workingSetBytes: value(127),
    availableBytes: value(128),
    usageBytes: value(2 ** 31 - 1),
    rssBytes: value(2 ** 31),
    pageFaults: value(2 ** 53 - 1),
    majorPageFaults: value(16_384),
    psi,
  },
  writableLayer: {
    timestamp,
    fsId: { mountpoint: "/var/lib/critter/störage" },
    usedBytes: value(4096),
    inodesUsed: value(7),
  },
  swap: { timestamp, swapAvailableBytes: value(0), swapUsageBytes: value(2 ** 49) },
  io: { timestamp, psi },
};

const bare: ContainerStats = {
  attributes: { id: "b", metadata: { name: "bare", attempt: 0 }, labels: {}, annotations: {} },
  cpu: null,
  memory: { ...whole.memory!, availableBytes: null, psi: { Full: null, Some: psi.Some } },
  writableLayer: null,
  swap: { timestamp: 0, swapAvailableBytes: null, swapUsageBytes: value("18446744073709551615") },
  io: { timestamp: "562949953421312", psi: null },
};

const counters = {
  rxBytes: value("9223372036854775900"),
  rxErrors: value("0"),
  txBytes: value(5),
  txErrors: null,
};

const pod: PodStats = {
  attributes: {
    id: "pod",
    metadata: { name: "pod", uid: "uid", namespace: "default", attempt: 1 },
    labels: { app: "web" },
    annotations: {},
  },
  linux: {
    cpu: whole.cpu,
    memory: whole.memory,
    network: {
      timestamp,
      defaultInterface: { name: "eth0", ...counters },
      interfaces: [
        { name: "net1", ...counters },
        { name: "net2", ...counters },
      ],
    },
    process: { timestamp, processCount: value(1_000_000) },
    containers: [whole, bare],
    io: whole.io,
  },
};

test("byte for byte what is encoded from api.proto, the first time and again", () => {
  const encoder = new StatsEncoder(cri);
  for (let time = 0; time < 2; time++) {
    for (const stats of [whole, bare]) {
      assert.deepEqual(encoder.container(stats), ListContainerStats.responseSerialize({ stats: [stats] }));
    }
    assert.deepEqual(encoder.sandbox(pod), ListPodSandboxStats.responseSerialize({ stats: [pod] }));
  }
  const stopped = { ...pod, linux: null };
  assert.deepEqual(encoder.sandbox(stopped), ListPodSandboxStats.responseSerialize({ stats: [stopped] }));
});

test("a pod of many containers takes more room than there was", () => {
  const encoder = new StatsEncoder(cri);
  const large = { ...pod, linux: { ...pod.linux!, containers: Array.from({ length: 200 }, () => whole) } };
  assert.deepEqual(encoder.sandbox(large), ListPodSandboxStats.responseSerialize({ stats: [large] }));
});

test("attributes that have changed are encoded anew", () => {
  const encoder = new StatsEncoder(cri);
  for (const attempt of [0, 1]) {
    const stats = { ...whole, attributes: { ...whole.attributes!, metadata: { name: "app", attempt } } };
    assert.deepEqual(encoder.container(stats), ListContainerStats.responseSerialize({ stats: [stats] }));
  }
});
