/** The same load on critter and on Debian's containerd, where scripts/setup has fetched it: both tell the same of it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Containerd, startContainerd } from "../../bench/containerd.ts";
import { cachedContainerdVersion } from "../../bench/containerd-package.ts";
import { detectCgroups } from "../../src/cgroups/hierarchy.ts";
import { machineCgroups } from "../../src/cgroups/machine.ts";
import { processesIn } from "../../src/cgroups/processes.ts";
import { readCgroup } from "../../src/cgroups/readings.ts";
import { CriClient } from "../../src/client/cri-client.ts";
import type { ContainerStats, UInt64Value } from "../../src/cri/messages.ts";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { BUSYBOX, containerConfig, podConfig } from "../support/configs.ts";
import { Crictl, findCrictl } from "../support/crictl.ts";
import { type Daemon, startDaemon, testRuntime } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { processes } from "../support/processes.ts";

const MB = 1_000_000;

/** Why not: both are to run the same runtime, and containerd is told to make its cgroups itself. */
async function hindrance(): Promise<string | false> {
  if ((await cachedContainerdVersion()) === undefined) {
    return "containerd's package is not in the cache (scripts/setup --tests)";
  }
  if (testRuntime !== "runc") return `runc is compared, not ${testRuntime}`;
  return process.env.CRITTER_TEST_CGROUP_MANAGER === "systemd" && "cgroupfs is compared, not systemd";
}

/** Works for a while, holds 20 MB, has written 5 MB of which little is still in memory, and then does nothing more. */
const load = [
  "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done",
  "mkdir /data; head -c 5000000 /dev/zero > /data/a; ln /data/a /data/b; echo > /data/c",
  "x=$(head -c 20000000 /dev/zero | tr '\\0' x); sleep 100000; echo $x",
].join("; ");

const number = (value: UInt64Value | null | undefined): number => Number(value?.value ?? Number.NaN);

/** A container with the load, on either runtime. */
class Loaded implements Disposable {
  readonly client: CriClient;
  readonly containerId: string;
  readonly cgroup: string;

  private constructor(client: CriClient, containerId: string, cgroup: string) {
    this.client = client;
    this.containerId = containerId;
    this.cgroup = cgroup;
  }

  static async on(socket: string, cgroupParent: string): Promise<Loaded> {
    const client = new CriClient(socket);
    await client.image.PullImage({ image: { image: BUSYBOX } });
    const sandboxConfig = podConfig(cgroupParent);
    const { podSandboxId } = await client.runtime.RunPodSandbox({ config: sandboxConfig });
    const resources = { memoryLimitInBytes: 200 * MB };
    const config = containerConfig({ command: ["sh", "-c", load], linux: { resources } });
    const { containerId } = await client.runtime.CreateContainer({ podSandboxId, config, sandboxConfig });
    await client.runtime.StartContainer({ containerId });
    return new Loaded(client, containerId, `${cgroupParent}/${containerId}`);
  }

  async stats(): Promise<ContainerStats> {
    const { stats } = await this.client.runtime.ContainerStats({ containerId: this.containerId });
    assert.ok(stats);
    return stats;
  }

  [Symbol.dispose](): void {
    this.client.close();
  }
}

describe("statistics beside containerd's", { skip: await hindrance() }, () => {
  const containerdParent = `/critter-stats-${process.pid}`;
  let registry: Registry;
  let daemon: Daemon;
  let containerd: Containerd;
  let ours: Loaded;
  let theirs: Loaded;

  before(async () => {
    await ensureImages("base");
    registry = await Registry.start({ storage: storeFolder() });
    daemon = await startDaemon({ registry: registry.address });
    containerd = await startContainerd(registry.address);
    ours = await Loaded.on(daemon.socket, daemon.cgroupParent);
    theirs = await Loaded.on(containerd.socket, containerdParent);
    for (const { cgroup } of [ours, theirs]) await loadIsOver(cgroup);
  });
  after(async () => {
    ours?.[Symbol.dispose]();
    theirs?.[Symbol.dispose]();
    await containerd?.stop();
    await daemon?.dispose();
    await registry?.stop();
    removeCgroups(containerdParent);
  });

  test("of containerd's container critter reads what containerd tells", async () => {
    const cgroups = detectCgroups();
    await eventually(async () => {
      const { cpu, memory } = await theirs.stats();
      const read = readCgroup(cgroups, theirs.cgroup);
      assert.deepEqual(
        {
          cpu: number(cpu?.usageCoreNanoSeconds),
          usage: number(memory?.usageBytes),
          workingSet: number(memory?.workingSetBytes),
          rss: number(memory?.rssBytes),
          available: number(memory?.availableBytes),
          pageFaults: number(memory?.pageFaults),
          majorPageFaults: number(memory?.majorPageFaults),
        },
        {
          cpu: Number(read.cpu?.usageNanoseconds),
          usage: read.memory?.usageBytes,
          workingSet: read.memory?.workingSetBytes,
          rss: read.memory?.rssBytes,
          available: read.memory!.limitBytes! - read.memory!.workingSetBytes,
          pageFaults: read.memory?.pageFaults,
          majorPageFaults: read.memory?.majorPageFaults,
        },
      );
    }, 20);
  });

  test("the same load takes as much memory, and as much of the disk", async () => {
    await eventually(async () => {
      const [one, other] = [await ours.stats(), await theirs.stats()];
      const near = (figure: (stats: ContainerStats) => number, margin: number) => {
        const [mine, its] = [figure(one), figure(other)];
        assert.ok(Math.abs(mine - its) <= margin, `${figure}: ${mine}, containerd ${its}`);
      };
      near(({ memory }) => number(memory?.rssBytes), MB);
      near(({ memory }) => number(memory?.workingSetBytes), 4 * MB);
      near(({ memory }) => number(memory?.availableBytes), 4 * MB);
      near(({ memory }) => number(memory?.pageFaults), number(one.memory?.pageFaults) / 5);
      // What the runtime puts into the root, such as folders for mounts, may differ.
      near(({ writableLayer }) => number(writableLayer?.usedBytes), 64 * 1024);
      near(({ writableLayer }) => number(writableLayer?.inodesUsed), 8);
      for (const { cpu, writableLayer } of [one, other]) {
        assert.ok(number(cpu?.usageCoreNanoSeconds) > 10 * MB);
        assert.ok(number(writableLayer?.usedBytes) > 5 * MB);
      }
    }, 40);
  });

  test("crictl stats shows both", { skip: findCrictl() === undefined && "crictl is not here" }, async () => {
    for (const { containerId, socket } of [
      { ...ours, socket: daemon.socket },
      { ...theirs, socket: containerd.socket },
    ]) {
      const crictl = new Crictl(socket);
      try {
        const { stats } = await crictl.json<{ stats: Shown[] }>("stats", containerId);
        const { memory, cpu } = stats[0]!;
        assert.ok(memory.workingSetBytes.value > 20 * MB && memory.workingSetBytes.value < 40 * MB);
        assert.ok(cpu.usageCoreNanoSeconds.value > 10 * MB);
        assert.match(await crictl.ok("stats", containerId), new RegExp(containerId.slice(0, 13)));
      } finally {
        crictl.dispose();
      }
    }
  });
});

interface Shown {
  cpu: { usageCoreNanoSeconds: { value: number } };
  memory: { workingSetBytes: { value: number } };
}

/** When nothing is left but the shell and its sleep. Who asked that by an exec would add to the figures. */
async function loadIsOver(cgroup: string): Promise<void> {
  await eventually(() => {
    const pids = processesIn(machineCgroups(), cgroup);
    const programs = processes().filter(({ pid }) => pids.includes(pid));
    assert.ok(programs.some(({ args }) => args.join(" ") === "sleep 100000"));
  }, 30);
}
