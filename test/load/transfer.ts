/** Restarts of the daemon under traffic: what the pods do, and what goes between them, must not notice. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerConfig, PodSandboxConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { isAlive, type ProcessIdentity, processIdentity } from "../../src/linux/process.ts";
import { containerConfig } from "../support/configs.ts";
import { parseLog } from "../support/cri-log.ts";
import { testRuntime } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { podConfigFor, type TestPod } from "../support/pods.ts";
import type { Random } from "../support/random.ts";
import { SLOW } from "../support/slow.ts";
import type { Trials } from "../support/trials.ts";
import type { Bed } from "./bed.ts";
import { PacedStream } from "./paced-stream.ts";
import { attachByStream, startExec } from "./streams.ts";

/** A lost packet is sent again after 0.2, 0.6 and 1.4 s. */
const STALL_MS = 2000 * SLOW;
/** How long the traffic goes on before and after a restart. */
const CALM_MS = 700;
const PORT = 7000;
const ECHO_PORT = 24_000;
const RELAY_PORT = 24_001;

/** Where the restarts stand among what else is going on. */
const ENDINGS = ["SIGTERM", "SIGKILL"] as const;

interface Traffic {
  name: string;
  stream: PacedStream;
}

/** Runs the trial: `restarts` restarts, by SIGTERM and SIGKILL in turn. */
export async function tryTransfers(
  bed: Bed,
  trials: Trials,
  random: Random,
  restarts: number,
): Promise<void> {
  const { daemon, runtime } = bed;
  const logDirectory = join(daemon.folder, "transfer-logs");
  mkdirSync(logDirectory, { recursive: true });
  const echo = await runPod(bed, { portMappings: [{ containerPort: PORT, hostPort: ECHO_PORT }] });
  const echoing = await run(bed, echo, { command: shell(`exec nc -ll -p ${PORT} -e cat`) });
  const { status } = await runtime.PodSandboxStatus({ podSandboxId: echo.id });
  const address = status?.network?.ip ?? "";
  const relay = await runPod(bed, {
    logDirectory,
    portMappings: [{ containerPort: PORT, hostPort: RELAY_PORT }],
  });
  const relaying = await run(bed, relay, {
    command: shell(`exec nc -ll -p ${PORT} -e nc ${address} ${PORT}`),
  });
  const counting = await run(bed, relay, {
    command: shell("n=0; while :; do n=$((n + 1)); echo $n; usleep 20000; done"),
    logPath: "counts.log",
  });
  const reading = await run(bed, relay, {
    command: shell("while read -r line; do echo got $line; done; exit 9"),
    stdin: true,
    logPath: "read.log",
  });
  const containerIds = [echoing, relaying, counting, reading, ...(await runPretenders(bed, relay))];
  const identities = await processesOf(bed, containerIds);
  const traffics = await openTraffics(random, address);
  try {
    for (let time = 0; time < restarts; time++) {
      const ending = ENDINGS[time % ENDINGS.length]!;
      await trials.try(`restart by ${ending} under traffic`, `restart ${time + 1}`, async () => {
        const attached = await attachByStream(runtime, reading, `line ${time}\n`);
        await startExec(runtime, counting);
        await sleep(random.below(CALM_MS));
        await restart(bed, ending);
        attached.terminate();
        await sleep(CALM_MS);
        assertUndisturbed(traffics);
        for (const [name, identity] of identities) assert.ok(isAlive(identity), `${name} lives`);
        const { containers } = await runtime.ListContainers();
        assert.deepEqual(
          containers.map(({ state }) => state),
          containerIds.map(() => "CONTAINER_RUNNING"),
        );
      });
    }
    for (const { name, stream } of traffics) {
      await trials.try("transfers through the restarts", name, () => stream.end());
      trials.note("transfers through the restarts", describe(traffics));
    }
    await trials.try("logs through the restarts", "counts.log", async () => assertCounts(logDirectory));
    await trials.try("logs through the restarts", "read.log", () => assertRead(logDirectory, restarts));
  } finally {
    for (const { stream } of traffics) stream[Symbol.dispose]();
  }
  for (const podSandboxId of [echo.id, relay.id]) {
    await runtime.StopPodSandbox({ podSandboxId });
    await runtime.RemovePodSandbox({ podSandboxId });
  }
}

function shell(script: string): string[] {
  return ["sh", "-c", script];
}

async function runPod({ daemon, runtime }: Bed, changes: Init<PodSandboxConfig>): Promise<TestPod> {
  const config = podConfigFor(daemon, changes);
  const { podSandboxId } = await runtime.RunPodSandbox({ config });
  return { id: podSandboxId, config };
}

async function run({ runtime }: Bed, pod: TestPod, changes: Init<ContainerConfig>): Promise<string> {
  const config = containerConfig(changes);
  const request = { podSandboxId: pod.id, config, sandboxConfig: pod.config };
  const { containerId } = await runtime.CreateContainer(request);
  await runtime.StartContainer({ containerId });
  return containerId;
}

/** Containers that look like what a killed daemon leaves at work: a CNI plugin, and a runtime's command. */
async function runPretenders(bed: Bed, pod: TestPod): Promise<string[]> {
  const idle = "while :; do sleep 1; done";
  const asPlugin = await run(bed, pod, {
    command: shell(idle),
    envs: [{ key: "CNI_CONTAINERID", value: Buffer.from(pod.id) }],
  });
  const root = join(bed.daemon.folder, "runroot", "runtimes", testRuntime);
  const asRuntime = await run(bed, pod, {
    command: [...shell(idle), "runc", "--root", root, "start", pod.id],
  });
  return [asPlugin, asRuntime];
}

/** The containers' first processes, by the containers' ids. */
async function processesOf({ runtime }: Bed, ids: string[]): Promise<Map<string, ProcessIdentity>> {
  const identities = new Map<string, ProcessIdentity>();
  for (const containerId of ids) {
    const { info } = await runtime.ContainerStatus({ containerId, verbose: true });
    identities.set(containerId, processIdentity(JSON.parse(info.info!).pid)!);
  }
  return identities;
}

/** From the host to a pod, by its address and by its host port, and from pod to pod. */
async function openTraffics(random: Random, address: string): Promise<Traffic[]> {
  const targets: [name: string, host: string, port: number][] = [
    ["host to pod", address, PORT],
    ["host to host port", "127.0.0.1", ECHO_PORT],
    ["host port to pod to pod", "127.0.0.1", RELAY_PORT],
  ];
  const opened = targets.map(async ([name, host, port]) => {
    // The server begins to listen some time after its start.
    const stream = await eventually(() => PacedStream.open(host, port, random.fork()));
    await eventually(() => assert.ok(stream.echoed > 0, `${name}: echoed`));
    return { name, stream };
  });
  return Promise.all(opened);
}

async function restart({ daemon }: Bed, ending: (typeof ENDINGS)[number]): Promise<void> {
  if (ending === "SIGKILL") await daemon.kill();
  else assert.equal(await daemon.stop(), 0);
  await daemon.start();
}

function assertUndisturbed(traffics: readonly Traffic[]): void {
  for (const { name, stream } of traffics) {
    assert.ok(stream.echoed > 0);
    const stall = stream.longestStallMs;
    assert.ok(stall < STALL_MS, `${name}: stalled for ${stall.toFixed(0)} ms`);
  }
}

function describe(traffics: readonly Traffic[]): string {
  return traffics
    .map(({ name, stream }) => {
      const amount = (stream.echoed / 2 ** 20).toFixed(1);
      return `${name}: ${amount} MiB, stalled for ${stream.longestStallMs.toFixed(0)} ms at most`;
    })
    .join("; ");
}

/** Every number is there once, in order. */
function assertCounts(logDirectory: string): void {
  const numbers = texts(logDirectory, "counts.log").map(Number);
  const gap = numbers.findIndex((number, at) => number !== at + 1);
  assert.equal(gap, -1, `line ${gap + 1} is ${numbers[gap]}`);
}

/** What was typed before each restart was read, and the input is still open. */
function assertRead(logDirectory: string, restarts: number): Promise<void> {
  const expected = Array.from({ length: restarts }, (_, time) => `got line ${time}`);
  return eventually(() => assert.deepEqual(texts(logDirectory, "read.log"), expected));
}

function texts(logDirectory: string, name: string): string[] {
  return parseLog(readFileSync(join(logDirectory, name), "utf8")).map(({ text }) => text);
}
