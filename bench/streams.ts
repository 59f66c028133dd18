/** What exec and port-forward carry a second, and by how much that makes the daemon grow. */
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { CriClient } from "../src/client/cri-client.ts";
import { BUSYBOX, containerConfig, podConfig } from "../test/support/configs.ts";
import { eventually } from "../test/support/eventually.ts";
import { buildStreamClient } from "./go-client.ts";
import type { Subject } from "./groups.ts";
import { growthDuring } from "./memory.ts";

/** What each stream carries. */
export const STREAM_BYTES = 1024 ** 3;

const PORT = 7001;
const BLOCK_BYTES = 64 * 1024;
/** In the container: busybox' head takes a system call for so little that it would be measured in place of the stream. */
const SOURCE = `dd if=/dev/zero bs=${BLOCK_BYTES} count=${STREAM_BYTES / BLOCK_BYTES} status=none`;

/** A pod of the runtime with one container, and the client's command line. */
interface Target {
  client: string;
  pod: string;
  container: string;
  flags: string[];
}

/** Measures each stream once. Debian's containerd serves no WebSocket that today's clients take. */
export async function measureStreams(subject: Subject): Promise<void> {
  const { socket, cgroupParent, name } = subject.runtime;
  const client = await buildStreamClient();
  using cri = new CriClient(socket);
  await cri.image.PullImage({ image: { image: BUSYBOX } });
  const config = podConfig(cgroupParent);
  const { podSandboxId: pod } = await cri.runtime.RunPodSandbox({ config });
  try {
    const container = await runServer(cri, pod, config);
    for (const transport of name === "critter" ? ["spdy", "websocket"] : ["spdy"]) {
      const target = { client, pod, container, flags: ["--endpoint", socket, "--transport", transport] };
      await measure(subject, `exec out, ${transport}`, () => execOut(target));
      await measure(subject, `exec in, ${transport}`, () => execIn(target));
      await withPortForward(target, (port) =>
        measure(subject, `port-forward, ${transport}`, () => download(port)),
      );
    }
  } finally {
    await cri.runtime.StopPodSandbox({ podSandboxId: pod });
    await cri.runtime.RemovePodSandbox({ podSandboxId: pod });
  }
}

/** A container whose port sends each client all the bytes. */
async function runServer(
  { runtime }: CriClient,
  podSandboxId: string,
  sandboxConfig: ReturnType<typeof podConfig>,
): Promise<string> {
  const command = ["sh", "-c", `exec nc -ll -p ${PORT} -e ${SOURCE}`];
  const config = containerConfig({ command });
  const { containerId } = await runtime.CreateContainer({ podSandboxId, config, sandboxConfig });
  await runtime.StartContainer({ containerId });
  const cmd = ["sh", "-c", "netstat -ltn | grep LISTEN"];
  await eventually(async () => {
    const { exitCode } = await runtime.ExecSync({ containerId, cmd });
    if (exitCode !== 0) throw new Error("nobody listens");
  });
  return containerId;
}

async function measure(subject: Subject, name: string, body: () => Promise<void>): Promise<void> {
  const { durations, memory } = subject.measured;
  const began = performance.now();
  const { pid } = subject.runtime;
  const growth = pid === undefined ? await body() : await growthDuring(pid, body);
  const took = (performance.now() - began) * 1e6;
  durations[`stream ${name}`] = [...(durations[`stream ${name}`] ?? []), took];
  if (growth !== undefined) memory[`growth ${name}`] = [...(memory[`growth ${name}`] ?? []), growth];
}

async function execOut({ client, container, flags }: Target): Promise<void> {
  assertAll(await shell(`"$0" "$@" | wc -c`, client, "exec", ...flags, container, ...SOURCE.split(" ")));
}

/**
 * The container's cat is as fast as anything there; what counts bytes in busybox is not. The shell keeps standard output open:
 * containerd stops handing on input when it is closed.
 */
async function execIn({ client, container, flags }: Target): Promise<void> {
  const sink = ["sh", "-c", "cat >/dev/null; echo read all"];
  const said = await shell(
    `head -c ${STREAM_BYTES} /dev/zero | "$0" "$@"`,
    client,
    "exec",
    ...flags,
    "-i",
    container,
    ...sink,
  );
  if (said !== "read all\n") throw new Error(`the container's cat did not end: ${said}`);
}

async function download(port: number): Promise<void> {
  assertAll(await shell(`wc -c </dev/tcp/127.0.0.1/${port}`));
}

async function withPortForward(
  { client, pod, flags }: Target,
  body: (port: number) => Promise<void>,
): Promise<void> {
  const args = ["port-forward", ...flags, pod, `0:${PORT}`];
  const child = spawn(client, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  try {
    await body(await localPort(child.stdout));
  } finally {
    child.kill();
    await ended;
  }
}

/** The local port that a port-forward says it listens on. What it says later is read too. */
function localPort(stdout: Readable): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = "";
    stdout.on("data", (chunk) => {
      said += chunk;
      const [, port] = /127\.0\.0\.1:(\d+) ->/.exec(said) ?? [];
      if (port) resolve(Number(port));
    });
    stdout.once("end", () => reject(new Error(`port-forward ended: ${said}`)));
  });
}

/** Runs a line of bash, with `words` as its $0, $1, …, and answers its output. */
async function shell(line: string, ...words: string[]): Promise<string> {
  const child = spawn("bash", ["-o", "pipefail", "-c", line, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const said = await text(child.stdout);
  const code = await ended;
  if (code !== 0) throw new Error(`${line}: ended with ${code}`);
  return said;
}

function assertAll(count: string): void {
  if (Number(count) !== STREAM_BYTES) throw new Error(`of ${STREAM_BYTES} bytes came ${count}`);
}
