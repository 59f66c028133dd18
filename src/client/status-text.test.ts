import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ContainerReport } from "./pod-report.ts";
import type { StatusReport } from "./status-report.ts";
import { statusText } from "./status-text.ts";

const now = Date.parse("2026-11-22T12:00:00Z");
const minutesAgo = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const nothing = { adopted: 0, ended: 0, removed: 0 };

const report: StatusReport = {
  runtimeName: "critter",
  runtimeVersion: "1.2.3",
  runtimeApiVersion: "v1",
  daemon: {
    version: "1.2.3",
    nodeVersion: "v24",
    pid: 17,
    startedAt: minutesAgo(100),
    cpu: { usageCoreNanoSeconds: 60e9 },
    memory: { rssBytes: 92_000_000 },
    recovery: { sandboxes: nothing, containers: nothing, execs: nothing, unreadable: 0, durationMs: 12 },
  },
  conditions: [
    { type: "RuntimeReady", status: true, reason: "", message: "" },
    { type: "NetworkReady", status: false, reason: "NetworkPluginNotReady", message: "no configuration" },
  ],
  runtimeHandlers: ["runc", "crun"],
  images: 2,
  imageFilesystem: { mountpoint: "/var/lib/critter/storage", usedBytes: 6_900_000, inodesUsed: 45 },
  podSandboxes: [],
};

const container: ContainerReport = {
  id: "c".repeat(64),
  metadata: { name: "main", attempt: 2 },
  state: "CONTAINER_EXITED",
  createdAt: minutesAgo(9),
  startedAt: minutesAgo(8),
  finishedAt: minutesAgo(7),
  exitCode: 137,
  reason: "OOMKilled",
  message: "",
  image: "docker.io/library/busybox:1",
  imageId: "sha256:1",
  logPath: "",
  stats: null,
};

const measured = { cpu: { usageCoreNanoSeconds: 1, usageNanoCores: 25e6 }, memory: { workingSetBytes: 1e6 } };

describe("critter status for a person", () => {
  it("tells of the daemon, of what its start found, and of what is not ready", () => {
    const recovery = {
      ...report.daemon!.recovery,
      sandboxes: { adopted: 3, ended: 1, removed: 0 },
      unreadable: 1,
    };
    const text = statusText({ ...report, daemon: { ...report.daemon!, recovery } }, now);
    assert.match(text, /^critter 1\.2\.3, CRI v1\n {2}runtime {5}ready\n/);
    assert.match(text, /^ {2}network {5}NOT READY: NetworkPluginNotReady: no configuration$/m);
    assert.match(text, /^ {2}daemon {6}pid 17, up for 1 h 40 min \(2026-11-2\d \d\d:\d\d:00\)$/m);
    assert.match(text, /^ {2}cost {8}memory 92\.0 MB, processor 1 min in all \(1\.0 % of one\)$/m);
    assert.match(
      text,
      /^ {2}last start {2}recovery took 12 ms: pods: 3 running on, 1 ended meanwhile; 1 unreadable record set aside$/m,
    );
    assert.doesNotMatch(text, /NAME/);
  });

  it("says nothing of a daemon that is not critter's", () => {
    assert.doesNotMatch(statusText({ ...report, daemon: null }, now), /daemon|cost|start/);
  });

  it("shows pods with their containers below them", () => {
    const running: ContainerReport = {
      ...container,
      state: "CONTAINER_RUNNING",
      metadata: { name: "side", attempt: 0 },
      stats: { ...measured, writableLayer: { usedBytes: 8192, inodesUsed: 5 } },
    };
    const pod = {
      id: "p".repeat(64),
      metadata: { name: "web", namespace: "default", uid: "u", attempt: 0 },
      state: "SANDBOX_READY",
      createdAt: minutesAgo(10),
      runtimeHandler: "",
      ips: ["10.0.0.2", "fd00::2"],
      stats: { ...measured, network: null, process: { processCount: 3 } },
      containers: [container, running],
    } as const;
    const text = statusText(
      { ...report, podSandboxes: [{ ...pod, containers: [...pod.containers] }] as never },
      now,
    );
    assert.match(text, /^ {2}pods {8}1 of 1 ready; 1 of 2 containers running, which have written 8\.2 kB$/m);
    const rows = text
      .trimEnd()
      .split("\n")
      .slice(-3)
      .map((row) => row.split(/ {2,}/).filter(Boolean));
    assert.deepEqual(rows, [
      ["default/web", "p".repeat(13), "ready", "10 min", "2.5 %", "1.0 MB", "10.0.0.2, fd00::2"],
      ["main #2", "c".repeat(13), "exited 137 (OOMKilled)", "7 min", "docker.io/library/busybox:1"],
      [
        "side",
        "c".repeat(13),
        "running",
        "8 min",
        "2.5 %",
        "1.0 MB",
        "8.2 kB",
        "docker.io/library/busybox:1",
      ],
    ]);
  });
});
