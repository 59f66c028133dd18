import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ContainerInspection, PodInspection } from "./inspection.ts";
import { inspectionText } from "./inspection-text.ts";

const now = Date.parse("2026-11-22T12:00:00Z");
const minutesAgo = (minutes: number) => new Date(now - minutes * 60_000).toISOString();

const podSandbox: PodInspection = {
  id: "pod-id",
  metadata: { name: "web", namespace: "default", uid: "uid-1", attempt: 0 },
  state: "SANDBOX_READY",
  createdAt: minutesAgo(10),
  runtimeHandler: "",
  ips: ["10.0.0.2", "fd00::2"],
  stats: {
    cpu: { usageCoreNanoSeconds: 1, usageNanoCores: 125e6 },
    memory: { workingSetBytes: 2e6 },
    network: { rxBytes: 1810, txBytes: 682 },
    process: { processCount: 1 },
  },
  labels: { app: "web" },
  annotations: {},
  namespaces: { network: "POD", pid: "CONTAINER", ipc: "POD", user: "NODE" },
  hostname: "web",
  portMappings: [
    { protocol: "TCP", containerPort: 80, hostPort: 8080, hostIp: "" },
    { protocol: "UDP", containerPort: 53, hostPort: 53, hostIp: "::1" },
  ],
  logDirectory: "/var/log/pods/web",
  cgroupParent: "/kubepods/web",
  pid: 17,
  pauseImage: "registry.k8s.io/pause:3.10.1",
  cniResult: {},
};

const container: ContainerInspection = {
  id: "container-id",
  metadata: { name: "main", attempt: 4 },
  state: "CONTAINER_EXITED",
  createdAt: minutesAgo(9),
  startedAt: minutesAgo(8),
  finishedAt: minutesAgo(7),
  exitCode: 137,
  reason: "OOMKilled",
  message: "gone\x1b[2J",
  image: "docker.io/library/busybox:1",
  imageId: "sha256:0123456789abcdef",
  logPath: "/var/log/pods/web/main/4.log",
  stats: null,
  labels: {},
  annotations: {},
  imageRef: "docker.io/library/busybox@sha256:1",
  args: ["sh", "-c", "echo it's"],
  pid: 0,
  user: { linux: { uid: 1000, gid: 100, supplementalGroups: [100, 200] } },
  privileged: true,
  resources: null,
  mounts: [
    {
      hostPath: "/data",
      containerPath: "/d",
      readonly: true,
      propagation: "PROPAGATION_HOST_TO_CONTAINER",
    } as ContainerInspection["mounts"][0],
  ],
  stopSignal: "SIGNAL_SIGTERM",
  lastExit: {
    id: "before",
    attempt: 3,
    finishedAt: minutesAgo(10),
    exitCode: 1,
    reason: "Error",
    message: "no database",
  },
};

describe("critter inspect for a person", () => {
  it("shows a pod and its container, without what they do not have", () => {
    const text = inspectionText({ kind: "PodSandbox", podSandbox, containers: [container] }, now);
    assert.equal(
      text.replace(/\(2026-\S+ \S+\)/, "(TIME)"),
      `pod default/web
  id          pod-id
  uid         uid-1
  state       ready, created 10 min ago
  address     10.0.0.2, fd00::2
  hostname    web
  ports       :8080 -> 80/tcp
              [::1]:53 -> 53/udp
  namespaces  network POD, pid CONTAINER, ipc POD, user NODE
  pause       pid 17, registry.k8s.io/pause:3.10.1
  cgroup      /kubepods/web
  logs        /var/log/pods/web
  cost        12.5 % of a processor, memory 2.0 MB, 1 process
  traffic     received 1.8 kB, sent 682 B
  labels      app=web

container main #4
  id          container-id
  state       exited 137 (OOMKilled) for 7 min (TIME)
  message     gone\\x1b[2J
  last exit   #3 ended 10 min ago with 1 (Error: no database)
  image       docker.io/library/busybox:1 (0123456789abc)
  command     sh -c 'echo it'\\''s'
  user        1000:100, groups 100 200
  privileged  yes
  mounts      /data -> /d (read-only, host_to_container)
  log         /var/log/pods/web/main/4.log
`,
    );
  });

  it("a pod on the host's network has its address, and may have no container", () => {
    const onHost = { ...podSandbox, ips: [], namespaces: { ...podSandbox.namespaces, network: "NODE" } };
    const text = inspectionText({ kind: "PodSandbox", podSandbox: onHost, containers: [] }, now);
    assert.match(text, /^ {2}address {5}the host's$/m);
    assert.match(text, /\n\nno container\n$/);
  });

  it("shows an image and its containers", () => {
    const image = {
      id: "sha256:0123",
      repoTags: ["docker.io/library/busybox:1"],
      repoDigests: [],
      size: 6_886_147,
      pinned: false,
      layers: 2,
      imageSpec: { os: "linux", architecture: "amd64", config: { Entrypoint: ["/entry"], Cmd: ["a b"] } },
    };
    const user = { id: "c".repeat(64), name: "main", podSandboxId: "p", podSandbox: "default/web" };
    const containers = [{ ...user, state: "CONTAINER_RUNNING" }];
    assert.equal(
      inspectionText({ kind: "Image", image, containers }, now),
      `image docker.io/library/busybox:1
  id          sha256:0123
  tags        docker.io/library/busybox:1
  size        6.9 MB in 2 layers
  platform    linux/amd64
  command     /entry 'a b'
  containers  ccccccccccccc  default/web/main, running
`,
    );
  });
});
