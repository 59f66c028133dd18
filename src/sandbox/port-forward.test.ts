import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { NamespaceMaker, removeNamespace } from "../linux/namespaces.ts";
import { pinnedNamespaces, type SandboxContext } from "./context.ts";
import { podConfig, podRecord } from "./fixtures.test.ts";
import { connectToPod } from "./port-forward.ts";

const namespacesDir = mkdtempSync(join(tmpdir(), "critter-forward-"));
const namespaces = new NamespaceMaker();
// Of all a context has, what is used.
const context = { namespaces, containers: { config: { runtime: { namespacesDir } } } } as SandboxContext;
const record = podRecord({ id: "forward" });
const net = pinnedNamespaces(context, record).net as string;
await namespaces.create({ net });

const servers: ChildProcess[] = [];
after(async () => {
  for (const server of servers) server.kill("SIGKILL");
  removeNamespace(net);
  await namespaces.close();
  rmSync(namespacesDir, { recursive: true });
});

/** Runs a server in the pod that answers with what it was told, once it has been told all. */
async function serve(host: string, port: number): Promise<void> {
  const code = `require("node:net").createServer({ allowHalfOpen: true }, async (socket) => {
      let said = "";
      for await (const chunk of socket) said += chunk;
      socket.end(said.toUpperCase());
    }).listen(${port}, "${host}", () => console.log("ready"));`;
  const server = spawn("nsenter", [`--net=${net}`, process.execPath, "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  servers.push(server);
  await once(server.stdout!, "data");
}

await Promise.all([serve("127.0.0.1", 80), serve("::1", 81)]);
const never = new AbortController().signal;
const openFiles = () => readdirSync("/proc/self/fd").length;
const connect = (port: number, signal = never) => connectToPod(context, record, port, signal);

/** Says a word, ends, and gives the answer. */
async function ask(port: number, word: string): Promise<string> {
  const socket = await connect(port);
  socket.end(word);
  return text(socket);
}

/** Descriptors are closed a turn after their sockets. */
async function settled(count: number): Promise<void> {
  while (openFiles() > count) await sleep(5);
  assert.equal(openFiles(), count);
}

test("a connection reaches the pod's loopback, of IPv4 or IPv6, and its halves end by themselves", async () => {
  const before = openFiles();
  assert.deepEqual(await Promise.all([ask(80, "four"), ask(81, "six")]), ["FOUR", "SIX"]);
  const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => ask(80, `word${index}`)));
  assert.deepEqual(
    answers,
    Array.from({ length: 100 }, (_, index) => `WORD${index}`),
  );
  await settled(before);
});

test("what cannot be connected says port and reason, and leaves no descriptor", async () => {
  const before = openFiles();
  await assert.rejects(connect(82), { message: "connecting to port 82 in the pod: connection refused" });
  const gone = podRecord({ id: "gone" });
  await assert.rejects(
    connectToPod(context, gone, 80, never),
    /^Error: connecting to port 80 in the pod: opening a socket in a network namespace: ENOENT.*gone/,
  );
  await settled(before);
});

test("an aborted connection rejects with the signal's reason, wherever it is, and leaves no descriptor", async () => {
  const before = openFiles();
  const reason = new Error("the client is gone");
  await assert.rejects(connect(80, AbortSignal.abort(reason)), reason);
  for (let turns = 0; turns < 8; turns++) {
    const aborting = new AbortController();
    const connecting = connect(80, aborting.signal).then(
      (socket) => void socket.destroy(),
      (error) => assert.equal(error, reason),
    );
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    aborting.abort(reason);
    await connecting;
  }
  await settled(before);
});

test("a pod of the host's network is reached on the node's loopback", async () => {
  const config = podConfig({ linux: { securityContext: { namespaceOptions: { network: "NODE" } } } });
  const hostRecord = podRecord({ config });
  const server = createServer((socket) => socket.end("the node")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const socket = await connectToPod(context, hostRecord, port, never);
  assert.equal(await text(socket.end()), "the node");
  server.close();
  await once(server, "close");
  await assert.rejects(connectToPod(context, hostRecord, port, never), /connection refused/);
});
