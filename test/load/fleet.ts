/** Many pods at once: made, listed, asked, found again after kill -9, and removed. */
import assert from "node:assert/strict";
import { containerConfig } from "../support/configs.ts";
import { inParallel } from "../support/parallel.ts";
import { podConfigFor, type TestPod } from "../support/pods.ts";
import type { Trials } from "../support/trials.ts";
import { type Bed, privateMemory, type Restart, restartKilled } from "./bed.ts";

export interface FleetShape {
  pods: number;
  /** In each pod. */
  containers: number;
  /** The daemon is killed and started again so often. */
  restarts: number;
  /** What the quickest restart may take, in ms, without its wait for processors that others have; anything where it is not given. */
  restartLimitMs?: number;
}

/** How many pods are worked on at a time. */
const AT_A_TIME = 16;
/** One pod in so many has a host port, which takes rules of iptables. */
const HOST_PORT_SHARE = 10;
const FIRST_HOST_PORT = 22_000;

interface FleetPod extends TestPod {
  containerIds: string[];
}

/** Runs the trial; each step is a row of the table. */
export async function tryFleet(bed: Bed, trials: Trials, shape: FleetShape): Promise<void> {
  const row = (step: string) => `${shape.pods} pods of ${shape.containers}: ${step}`;
  const each = async (step: string, pods: readonly FleetPod[], work: (pod: FleetPod) => Promise<void>) => {
    const began = performance.now();
    await inParallel(pods.length, AT_A_TIME, (at) =>
      trials.try(row(step), pods[at]!.id, () => work(pods[at]!)),
    );
    trials.note(row(step), `${AT_A_TIME} at a time, ${seconds(performance.now() - began)} in all`);
  };
  const before = await privateMemory(bed);
  const fleet: FleetPod[] = [];
  const began = performance.now();
  await inParallel(shape.pods, AT_A_TIME, (at) =>
    trials.try(row("create"), `pod ${at}`, async () => void fleet.push(await runFullPod(bed, at, shape))),
  );
  const growth = ((await privateMemory(bed)) - before) / shape.pods / 1024;
  trials.note(
    row("create"),
    `${seconds(performance.now() - began)} in all, ${growth.toFixed(0)} KiB of the daemon a pod`,
  );
  await trials.try(row("list"), "lists", () => assertListed(bed, fleet));
  await each("exec", fleet, (pod) => assertAnswers(bed, pod));
  await trials.try(row("statistics"), "lists of statistics", () => assertStatistics(bed, fleet));
  await tryRestarts(bed, trials, row("kill -9"), shape, fleet);
  await each("stop", fleet, (pod) => stopContainers(bed, pod));
  await each("remove", fleet, (pod) => remove(bed, pod));
  await trials.try(row("list"), "nothing", () => assertListed(bed, []));
}

async function runFullPod(
  { daemon, runtime }: Bed,
  at: number,
  { containers }: FleetShape,
): Promise<FleetPod> {
  const hostPort = FIRST_HOST_PORT + at;
  const portMappings = at % HOST_PORT_SHARE === 0 ? [{ containerPort: 80, hostPort }] : [];
  const config = podConfigFor(daemon, { portMappings });
  const { podSandboxId } = await runtime.RunPodSandbox({ config });
  const containerIds: string[] = [];
  for (let count = 0; count < containers; count++) {
    const { containerId } = await runtime.CreateContainer({
      podSandboxId,
      // What exec asks for later, lest it be answered by another's container.
      config: containerConfig({
        command: ["sleep", "1000000"],
        envs: [{ key: "POD", value: Buffer.from(podSandboxId) }],
      }),
      sandboxConfig: config,
    });
    await runtime.StartContainer({ containerId });
    containerIds.push(containerId);
  }
  return { id: podSandboxId, config, containerIds };
}

async function assertListed({ runtime }: Bed, fleet: readonly FleetPod[]): Promise<void> {
  const { items } = await runtime.ListPodSandbox();
  const { containers } = await runtime.ListContainers();
  const pods = items.map(({ id, state }) => `${id} ${state}`).sort();
  assert.deepEqual(pods, fleet.map(({ id }) => `${id} SANDBOX_READY`).sort());
  const listed = containers.map(({ id, podSandboxId, state }) => `${podSandboxId} ${id} ${state}`).sort();
  assert.deepEqual(
    listed,
    fleet.flatMap((pod) => pod.containerIds.map((id) => `${pod.id} ${id} CONTAINER_RUNNING`)).sort(),
  );
}

async function assertAnswers({ runtime }: Bed, { id, containerIds }: FleetPod): Promise<void> {
  for (const containerId of containerIds) {
    const cmd = ["sh", "-c", "echo $POD"];
    const { stdout, exitCode } = await runtime.ExecSync({ containerId, cmd, timeout: 60 });
    assert.deepEqual([stdout.toString().trim(), exitCode], [id, 0]);
  }
}

async function assertStatistics({ runtime }: Bed, fleet: readonly FleetPod[]): Promise<void> {
  const ids = fleet.map(({ id }) => id).sort();
  const containerIds = fleet.flatMap((pod) => pod.containerIds).sort();
  const { stats: ofContainers } = await runtime.ListContainerStats();
  assert.deepEqual(ofContainers.map(({ attributes }) => attributes?.id).sort(), containerIds);
  const unmeasured = ofContainers.filter(({ cpu, memory }) => !cpu?.usageCoreNanoSeconds || !memory);
  assert.deepEqual(unmeasured, [], "processor time and memory of every container");
  const { stats: ofPods } = await runtime.ListPodSandboxStats();
  assert.deepEqual(ofPods.map(({ attributes }) => attributes?.id).sort(), ids);
  const { podMetrics } = await runtime.ListPodSandboxMetrics();
  assert.deepEqual(podMetrics.map(({ podSandboxId }) => podSandboxId).sort(), ids);
}

async function tryRestarts(
  bed: Bed,
  trials: Trials,
  row: string,
  { restarts, restartLimitMs }: FleetShape,
  fleet: readonly FleetPod[],
): Promise<void> {
  const running = fleet.reduce((sum, { containerIds }) => sum + containerIds.length, 0);
  const starts: Restart[] = [];
  for (let time = 0; time < restarts; time++) {
    await trials.try(row, `restart ${time + 1}`, async () => {
      starts.push(await restartKilled(bed, running));
      await assertListed(bed, fleet);
    });
  }
  const told = starts.map(({ tookMs, waitedMs }) => `${seconds(tookMs)} (${seconds(waitedMs)})`);
  trials.note(row, `all listed after (of which waited for a processor): ${told.join(", ")}`);
  if (restartLimitMs === undefined) return;
  await trials.try(row, "in time", async () => {
    const quickest = Math.min(...starts.map(({ tookMs, waitedMs }) => tookMs - waitedMs));
    assert.ok(quickest <= restartLimitMs, `the quickest took ${quickest} ms of ${restartLimitMs}`);
  });
}

async function stopContainers({ runtime }: Bed, { containerIds }: FleetPod): Promise<void> {
  for (const containerId of containerIds) {
    await runtime.StopContainer({ containerId, timeout: 0 });
    const { status } = await runtime.ContainerStatus({ containerId });
    assert.deepEqual([status?.state, status?.exitCode], ["CONTAINER_EXITED", 137]);
  }
}

async function remove({ runtime }: Bed, { id: podSandboxId, containerIds }: FleetPod): Promise<void> {
  for (const containerId of containerIds) await runtime.RemoveContainer({ containerId });
  await runtime.StopPodSandbox({ podSandboxId });
  await runtime.RemovePodSandbox({ podSandboxId });
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
