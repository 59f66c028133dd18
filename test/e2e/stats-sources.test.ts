import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { detectCgroups } from "../../src/cgroups/hierarchy.ts";
import { processesIn } from "../../src/cgroups/processes.ts";
import type { ContainerStats, LinuxPodSandboxStats, PsiStats, UInt64Value } from "../../src/cri/messages.ts";
import { eventually } from "../support/eventually.ts";
import {
  anonymousBytes,
  cpuNanoseconds,
  memoryFigures,
  pressureTotal,
  processorTime,
  swappedBytes,
} from "../support/kernel-figures.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const MB = 1_000_000;

const parts = suite();
let pods = 0;

/** With a cgroup of its own, as the kubelet makes one for every pod. */
function podAlone(): Promise<LivePod> {
  return livePod(parts.daemon, { linux: { cgroupParent: parts.daemon.cgroupBelow(`sources${++pods}`) } });
}

const shell = (script: string) => ({ command: ["sh", "-c", script] });
const number = (value: UInt64Value | null | undefined): number => Number(value?.value ?? Number.NaN);

async function statsOf(containerId: string): Promise<ContainerStats> {
  const { stats } = await parts.daemon.client.runtime.ContainerStats({ containerId });
  assert.ok(stats);
  return stats;
}

async function podStatsOf({ id }: LivePod): Promise<LinuxPodSandboxStats> {
  const { stats } = await parts.daemon.client.runtime.PodSandboxStats({ podSandboxId: id });
  assert.ok(stats?.linux);
  return stats.linux;
}

/** The figure that critter tells lies between what the kernel tells before and after it. */
async function assertBetween(kernel: () => number, figure: () => Promise<number>): Promise<void> {
  const before = kernel();
  const told = await figure();
  const after = kernel();
  assert.ok(told >= before && told <= after, `${told} is not from ${before} to ${after}`);
}

/** The only process of a container whose command has become another by exec. */
async function processOf(containerId: string): Promise<number> {
  return eventually(() => {
    const pids = processesIn(detectCgroups(), parts.daemon.scopeOf(containerId));
    assert.equal(pids.length, 1);
    return pids[0]!;
  }, 20);
}

/** Some 100 ms of work, and then nothing more. */
const work = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; exec sleep 100000";

test("processor time is that of the cgroup while it works, and of its process when it has", async () => {
  await using pod = await livePod(parts.daemon);
  const done = await pod.run(shell(work));
  const pid = await processOf(done);
  await eventually(async () => {
    const used = number((await statsOf(done)).cpu?.usageCoreNanoSeconds);
    assert.equal(used, cpuNanoseconds(parts.daemon.scopeOf(done)), "it still works");
    const byProcess = processorTime(pid);
    assert.ok(byProcess > 20 * MB, String(byProcess));
    // A tick each for user and system; what the runtime did in the cgroup before its process was there.
    assert.ok(Math.abs(used - byProcess) < 40 * MB + used / 10, `${used}, by its process ${byProcess}`);
  }, 20);
  const busy = await pod.run(shell("while :; do :; done"));
  for (let time = 0; time < 5; time++) {
    await assertBetween(
      () => cpuNanoseconds(parts.daemon.scopeOf(busy)),
      async () => number((await statsOf(busy)).cpu?.usageCoreNanoSeconds),
    );
  }
});

test("memory, working set, page faults and swap are those of the cgroup, and of the processes that hold them", async () => {
  await using pod = await livePod(parts.daemon);
  // What it writes lies in the file cache; what it reads becomes a variable of the shell.
  const script =
    "head -c 8000000 /dev/zero > /file; x=$(head -c 20000000 /dev/zero | tr '\\0' x); sleep 100000; echo $x";
  const id = await pod.run(shell(script));
  const cgroup = parts.daemon.scopeOf(id);
  await eventually(async () => {
    const before = memoryFigures(cgroup);
    const { memory, swap } = await statsOf(id);
    assert.deepEqual(memoryFigures(cgroup), before, "it still changes");
    const told = {
      usage: number(memory?.usageBytes),
      workingSet: number(memory?.workingSetBytes),
      anonymous: number(memory?.rssBytes),
      pageFaults: number(memory?.pageFaults),
      majorPageFaults: number(memory?.majorPageFaults),
    };
    assert.deepEqual(told, before);
    assert.equal(memory?.availableBytes, null, "there is no limit");
    assert.equal(swap === null ? undefined : number(swap.swapUsageBytes), swappedBytes(cgroup));

    assert.ok(told.usage - told.workingSet > 4 * MB, "the file cache is not in the working set");
    const held = processesIn(detectCgroups(), cgroup).reduce((sum, pid) => sum + anonymousBytes(pid), 0);
    assert.ok(held > 20 * MB && Math.abs(told.anonymous - held) < 2 * MB, `${told.anonymous}, held ${held}`);
  }, 20);
});

test("pressure is that of the cgroup where the kernel counts it, and absent elsewhere", async () => {
  await using pod = await livePod(parts.daemon);
  const id = await pod.run(shell("while :; do :; done"));
  const rivals = await Promise.all([1, 2, 3].map(() => pod.run(shell("while :; do :; done"))));
  assert.equal(rivals.length, 3);
  const told: Record<"cpu" | "memory" | "io", (stats: ContainerStats) => PsiStats | null | undefined> = {
    cpu: ({ cpu }) => cpu?.psi,
    memory: ({ memory }) => memory?.psi,
    io: ({ io }) => io?.psi,
  };
  for (const resource of ["cpu", "memory", "io"] as const) {
    const total = () => pressureTotal(parts.daemon.scopeOf(id), resource);
    const isCounted = total() !== undefined;
    if (!isCounted) assert.ok(!told[resource](await statsOf(id)));
    else {
      await assertBetween(
        () => total()!,
        async () => Number(told[resource](await statsOf(id))?.Some?.Total),
      );
    }
  }
  if (pressureTotal(parts.daemon.scopeOf(id), "cpu") === undefined) return;
  await eventually(async () => assert.ok(Number((await statsOf(id)).cpu?.psi?.Some?.Total) > 0), 20);
});

test("what a pod has sent and received is what was transferred, and what its own network tells", async () => {
  await using pod = await podAlone();
  const sent = 7 * MB;
  const id = await pod.run(shell(`head -c ${sent} /dev/zero | nc -l -p 9000 > /received; exec sleep 100000`));
  const before = (await podStatsOf(pod)).network?.defaultInterface;
  assert.equal(before?.name, "eth0");
  const { network } = await pod.status();
  const received = 3 * MB;
  const got = await eventually(() => exchange(network!.ip, 9000, Buffer.alloc(received)), 20);
  assert.equal(got, sent);
  await eventually(async () => {
    assert.equal(await pod.sh(id, "stat -c %s /received"), String(received));
    const after = (await podStatsOf(pod)).network?.defaultInterface;
    const grown = (key: "rxBytes" | "txBytes") => number(after?.[key]) - number(before?.[key]);
    // Headers and acknowledgements come on top.
    assert.ok(grown("rxBytes") > received && grown("rxBytes") < received * 1.5, String(grown("rxBytes")));
    assert.ok(grown("txBytes") > sent && grown("txBytes") < sent * 1.2, String(grown("txBytes")));
    const line = await pod.sh(id, "grep eth0 /proc/net/dev");
    const counters = line.replace(/^.*:/, "").trim().split(/\s+/).map(Number);
    assert.deepEqual(
      [number(after?.rxBytes), number(after?.rxErrors), number(after?.txBytes), number(after?.txErrors)],
      [counters[0], counters[2], counters[8], counters[10]],
    );
  }, 20);
});

test("each further interface of a pod has figures of its own", async () => {
  await using pod = await podAlone();
  const script = "ip link add extra0 type bridge && ip link set extra0 up && exec sleep 100000";
  const securityContext = { capabilities: { addCapabilities: ["NET_ADMIN"] } };
  await pod.run({ ...shell(script), linux: { securityContext } });
  await eventually(async () => {
    const { network } = await podStatsOf(pod);
    assert.equal(network?.defaultInterface?.name, "eth0");
    assert.deepEqual(
      network?.interfaces.map(({ name, rxBytes }) => [name, number(rxBytes)]),
      [["extra0", 0]],
    );
  }, 20);
});

test("the writable layer grows by what du says of the files that are written", async () => {
  await using pod = await livePod(parts.daemon);
  const id = await pod.run(shell("exec sleep 100000"));
  const layer = async () => (await statsOf(id)).writableLayer;
  const before = await eventually(async () => {
    const usage = await layer();
    assert.ok(usage);
    return usage;
  });
  const script =
    "mkdir /data && cd /data && head -c 3000000 /dev/zero > a && ln a link && echo > b && mkdir c && ln -s a s; du -sk /data";
  const kilobytes = Number((await pod.sh(id, script)).split("\t")[0]);
  assert.ok(kilobytes * 1024 >= 3 * MB);
  await eventually(async () => {
    const after = await layer();
    assert.equal(number(after?.usedBytes) - number(before.usedBytes), kilobytes * 1024);
    // The folder, a, b, c and s.
    assert.equal(number(after?.inodesUsed) - number(before.inodesUsed), 5);
    assert.ok(BigInt(after!.timestamp) > BigInt(before.timestamp));
  }, 30);
});

test("a pod's figures are those of its cgroup, with the pause container's, and its processes are counted", async () => {
  await using pod = await podAlone();
  const ids = [await pod.run(shell(work)), await pod.run(shell("sleep 100000 & exec sleep 100000"))];
  const cgroup = pod.config.linux!.cgroupParent!;
  await eventually(async () => {
    const before = memoryFigures(cgroup);
    const { cpu, memory, process, containers } = await podStatsOf(pod);
    assert.deepEqual(memoryFigures(cgroup), before, "it still changes");
    assert.equal(number(cpu?.usageCoreNanoSeconds), cpuNanoseconds(cgroup));
    assert.equal(number(memory?.usageBytes), before.usage);
    assert.equal(number(memory?.workingSetBytes), before.workingSet);
    assert.equal(number(process?.processCount), processesIn(detectCgroups(), cgroup).length);
    assert.deepEqual(containers.map(({ attributes }) => attributes?.id).sort(), ids.toSorted());
  }, 20);
});

test("statistics are listed by id, by pod, and by labels", async () => {
  const { runtime } = parts.daemon.client;
  await using red = await livePod(parts.daemon, { labels: { colour: "red" } });
  await using blue = await livePod(parts.daemon, { labels: { colour: "blue" } });
  const first = await red.run({ labels: { tier: "front", colour: "red" } });
  const second = await red.run({ labels: { tier: "back", colour: "red" } });
  const third = await blue.run({ labels: { tier: "front", colour: "blue" } });
  const containers = async (filter: object) =>
    (await runtime.ListContainerStats({ filter })).stats.map(({ attributes }) => attributes?.id).sort();
  assert.deepEqual(await containers({}), [first, second, third].sort());
  assert.deepEqual(await containers({ id: first.slice(0, 20) }), [first]);
  assert.deepEqual(await containers({ podSandboxId: red.id }), [first, second].sort());
  assert.deepEqual(await containers({ labelSelector: { tier: "front" } }), [first, third].sort());
  assert.deepEqual(await containers({ podSandboxId: red.id, labelSelector: { tier: "front" } }), [first]);
  assert.deepEqual(await containers({ podSandboxId: blue.id, id: first }), []);
  const podsOf = async (filter: object) =>
    (await runtime.ListPodSandboxStats({ filter })).stats.map(({ attributes }) => attributes?.id).sort();
  assert.deepEqual(await podsOf({}), [red.id, blue.id].sort());
  assert.deepEqual(await podsOf({ id: red.id.slice(0, 20) }), [red.id]);
  assert.deepEqual(await podsOf({ labelSelector: { colour: "blue" } }), [blue.id]);
  assert.deepEqual(await podsOf({ id: red.id, labelSelector: { colour: "blue" } }), []);
});

/** Sends the bytes and answers how many came back before the other end closed. */
function exchange(host: string, port: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    let count = 0;
    const socket = connect(port, host);
    socket.on("data", (chunk) => (count += chunk.length));
    socket.once("error", reject);
    socket.once("close", () => resolve(count));
    socket.write(bytes);
  });
}
