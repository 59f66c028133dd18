/** A daemon that may open no more files, or start no more processes: what needs one fails by that, and all is well after it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CriClient } from "../../src/client/cri-client.ts";
import { NGINX } from "../support/configs.ts";
import type { Daemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { podConfigFor } from "../support/pods.ts";
import { type DaemonBed, daemonSuite } from "./daemon-bed.ts";
import type { Fault } from "./fault.ts";
import { type Neighbour, neighbour } from "./neighbour.ts";
import { type Cause, DEADLINE, mayFailBy, succeeds } from "./outcomes.ts";

const tooMany: Cause[] = [
  {
    code: "RESOURCE_EXHAUSTED",
    message: /EMFILE|too many open files|EAGAIN|resource temporarily unavailable/i,
  },
  // The kubelet knows this case by its words.
  { code: "UNKNOWN", message: /^RegistryUnavailable: .*EMFILE/ },
  // A monitor, or a runtime, that had not even the process to say it with.
  { code: "UNKNOWN", message: /ended without an answer|newosproc/ },
];

const image = { image: NGINX };

/** Everything that opens files or starts processes, at once; then what it made is removed again. */
async function tryAll(daemon: Daemon, other: Neighbour, limit: string): Promise<void> {
  const { runtime, image: images } = daemon.client;
  const config = podConfigFor(daemon);
  const what = (call: string) => `${call}, ${limit}`;
  const exec = { containerId: other.containerId, cmd: ["true"], timeout: 10 };
  const outcomes = await Promise.allSettled([
    mayFailBy(tooMany, what("RunPodSandbox"), runtime.RunPodSandbox({ config }, DEADLINE)),
    mayFailBy(tooMany, what("CreateContainer"), other.pod.create()),
    mayFailBy(tooMany, what("ExecSync"), runtime.ExecSync(exec, DEADLINE)),
    mayFailBy(tooMany, what("PullImage"), images.PullImage({ image }, DEADLINE)),
    succeeds(what("ListContainers"), runtime.ListContainers({}, DEADLINE)),
    succeeds(what("ContainerStatus"), runtime.ContainerStatus({ containerId: other.containerId }, DEADLINE)),
  ]);
  const failures = outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason as Error] : []));
  assert.deepEqual(
    failures.map(({ message }) => message),
    [],
  );
}

/** Once the limit is lifted: all that was refused is done, and taken away again. */
async function recoversFrom(daemon: Daemon, other: Neighbour): Promise<void> {
  const { runtime, image: images } = daemon.client;
  await other.works();
  await succeeds("PullImage", images.PullImage({ image }));
  await images.RemoveImage({ image });
  const { items } = await runtime.ListPodSandbox();
  for (const { id: podSandboxId } of items)
    if (podSandboxId !== other.pod.id)
      await succeeds("RemovePodSandbox", runtime.RemovePodSandbox({ podSandboxId }));
  await using _next = await neighbour(daemon);
}

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function setFileLimit(pid: number, soft: number | undefined): void {
  const hard = /Max open files\s+\d+\s+(\d+)/.exec(readFileSync(`/proc/${pid}/limits`, "utf8"))![1]!;
  execFileSync("prlimit", ["--pid", String(pid), `--nofile=${soft ?? hard}:${hard}`]);
}

/** The daemon in a cgroup of its own, with so many processes and threads more than it has; undone by what is returned. */
function limitProcesses({ pid, folder }: Daemon, more: number): () => void {
  const root = existsSync("/sys/fs/cgroup/pids") ? "/sys/fs/cgroup/pids" : "/sys/fs/cgroup";
  const own = readFileSync(`/proc/${pid}/cgroup`, "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find(([, controllers]) => controllers === "pids" || controllers === "")![2]!;
  const cgroup = join(root, `critter-faults-${folder.split("-").at(-1)}`);
  mkdirSync(cgroup);
  writeFileSync(join(cgroup, "cgroup.procs"), String(pid));
  const now = Number(readFileSync(join(cgroup, "pids.current"), "latin1"));
  writeFileSync(join(cgroup, "pids.max"), String(now + more));
  return () => {
    for (const one of readFileSync(join(cgroup, "cgroup.procs"), "latin1").trim().split("\n"))
      writeFileSync(join(root, own, "cgroup.procs"), one);
    rmdirSync(cgroup);
  };
}

const faults: Fault<DaemonBed>[] = [
  ...[0, 2, 5, 10, 20, 40].map(
    (more): Fault<DaemonBed> => ({
      name: `${more} descriptors left`,
      short: more === 5,
      async inflict({ daemon }) {
        await using other = await neighbour(daemon);
        const { pid } = daemon;
        setFileLimit(pid, openFiles(pid) + more);
        try {
          await tryAll(daemon, other, `${more} descriptors left`);
        } finally {
          setFileLimit(pid, undefined);
        }
        await recoversFrom(daemon, other);
      },
    }),
  ),
  {
    name: "clients that come while there is no descriptor are served afterwards",
    async inflict({ daemon }) {
      await using other = await neighbour(daemon);
      const { pid } = daemon;
      setFileLimit(pid, openFiles(pid));
      const clients = Array.from({ length: 20 }, () => new CriClient(daemon.socket));
      const versions = clients.map((client) => client.runtime.Version({}, { timeout: 2000 }).catch(() => {}));
      await Promise.all(versions);
      await succeeds("ListContainers", daemon.client.runtime.ListContainers({}, DEADLINE));
      setFileLimit(pid, undefined);
      await eventually(() =>
        Promise.all(clients.map((client) => client.runtime.Version({}, { timeout: 2000 }))),
      );
      for (const client of clients) client.close();
      await recoversFrom(daemon, other);
    },
  },
  ...[0, 1, 3, 8].map(
    (more): Fault<DaemonBed> => ({
      name: `${more} processes left`,
      short: more === 1,
      async inflict({ daemon }) {
        await using other = await neighbour(daemon);
        const lift = limitProcesses(daemon, more);
        try {
          await tryAll(daemon, other, `${more} processes left`);
        } finally {
          lift();
        }
        await recoversFrom(daemon, other);
      },
    }),
  ),
];

export const limitsSuite = daemonSuite("limits", faults);
