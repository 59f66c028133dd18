/** Streams over WebSocket as clients have them: used to their end, left in the midst, asked for and never opened. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocket } from "ws";
import type { CriClient } from "../../src/client/cri-client.ts";

type Runtime = CriClient["runtime"];

const PROTOCOL = "v5.channel.k8s.io";
const [STDIN, STDOUT, STATUS, CLOSE] = [0, 1, 3, 255];

/** Hands a line to cat, reads it again, and ends the input; the stream ends with the command's success. */
export async function execByStream(runtime: Runtime, containerId: string): Promise<void> {
  const socket = await openExec(runtime, containerId);
  const answers = messages(socket);
  socket.send(Buffer.from([STDIN, ...Buffer.from("over and out\n")]));
  assert.equal(await firstOf(answers, STDOUT), "over and out\n");
  socket.send(Buffer.from([CLOSE, STDIN]));
  assert.match(await firstOf(answers, STATUS), /"Success"/);
  socket.terminate();
}

/** Goes away while the command waits for input. */
export async function execAndLeave(runtime: Runtime, containerId: string): Promise<void> {
  const socket = await openExec(runtime, containerId);
  const answers = messages(socket);
  socket.send(Buffer.from([STDIN, ...Buffer.from("hello\n")]));
  await firstOf(answers, STDOUT);
  socket.terminate();
}

/** Attaches to what says nothing, and goes away. */
export async function attachAndLeave(runtime: Runtime, containerId: string): Promise<void> {
  const { url } = await runtime.Attach({ containerId, stdout: true, stderr: true });
  const socket = await open(url);
  socket.terminate();
}

/** Types `line` to a container that answers each, waits for the answer and stays. */
export async function attachByStream(
  runtime: Runtime,
  containerId: string,
  line: string,
): Promise<WebSocket> {
  const { url } = await runtime.Attach({ containerId, stdin: true, stdout: true });
  const socket = await open(url);
  const answers = messages(socket);
  socket.send(Buffer.from([STDIN, ...Buffer.from(line)]));
  await firstOf(answers, STDOUT);
  return socket;
}

/** An exec that goes on until the daemon ends. */
export async function startExec(runtime: Runtime, containerId: string): Promise<void> {
  const socket = await openExec(runtime, containerId);
  const answers = messages(socket);
  socket.send(Buffer.from([STDIN, ...Buffer.from("hello\n")]));
  await firstOf(answers, STDOUT);
}

/** A forwarding that nobody comes for. */
export async function askPortForward(runtime: Runtime, podSandboxId: string): Promise<void> {
  await runtime.PortForward({ podSandboxId, port: [80] });
}

async function openExec(runtime: Runtime, containerId: string): Promise<WebSocket> {
  const { url } = await runtime.Exec({ containerId, cmd: ["cat"], stdin: true, stdout: true });
  return open(url);
}

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace(/^http/, "ws"), PROTOCOL);
  await once(socket, "open");
  // What comes of a connection that is cut.
  socket.on("error", () => {});
  return socket;
}

async function* messages(socket: WebSocket): AsyncGenerator<Buffer, undefined> {
  const waiting: Buffer[] = [];
  let wake = () => {};
  socket.on("message", (message: Buffer) => {
    waiting.push(message);
    wake();
  });
  socket.on("close", () => wake());
  for (;;) {
    const message = waiting.shift();
    if (message) yield message;
    else if (socket.readyState === WebSocket.CLOSED) return;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}

/** The text of the next message of a channel that has any. */
async function firstOf(answers: AsyncGenerator<Buffer, undefined>, channel: number): Promise<string> {
  for (;;) {
    const { value, done } = await answers.next();
    if (done || !value) throw new Error(`the stream ended without a message of channel ${channel}`);
    if (value[0] === channel && value.length > 1) return value.subarray(1).toString();
  }
}
