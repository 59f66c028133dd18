import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DescriptorStream } from "./descriptor-stream.ts";
import { check, declare } from "./libc.ts";
import { connectPacketSocket } from "./packet-socket.ts";
import { READABLE, readiness } from "./readiness.ts";

const socketCall = declare("int socket(int domain, int type, int protocol)");
const bindCall = declare("int bind(int fd, const void *address, unsigned int size)");
const listenCall = declare("int listen(int fd, int backlog)");
const accept4 = declare("int accept4(int fd, void *address, void *size, int flags)");
const CLOEXEC_NONBLOCK = 0x80800;

const folder = mkdtempSync(join(tmpdir(), "critter-packets-"));
after(() => rmSync(folder, { recursive: true }));
const openFiles = () => readdirSync("/proc/self/fd").length;

/** A server; `accept` gives its side of the next connection. */
function listen(name: string): { accept: () => Promise<Duplex>; close: () => void } {
  const socket = check(socketCall(1, 5 | CLOEXEC_NONBLOCK, 0), "socket", "");
  const parent = openSync(dirname(join(folder, name)), "r");
  const address = Buffer.from(`\x01\0/proc/self/fd/${parent}/${basename(name)}\0`);
  check(bindCall(socket, address, address.length), "bind", name);
  closeSync(parent);
  check(listenCall(socket, 1), "listen", name);
  return {
    accept: async () => {
      await new Promise<void>((resolve) => readiness.watch(socket, READABLE, () => resolve()));
      const fd = check(accept4(socket, null, null, CLOEXEC_NONBLOCK), "accept4", name);
      return new DescriptorStream(fd, { readableObjectMode: true });
    },
    close: () => {
      readiness.unwatch(socket);
      closeSync(socket);
    },
  };
}

async function pair(options = {}): Promise<[Duplex, Duplex]> {
  const client = connectPacketSocket(join(folder, "socket"), options);
  return [client, await server.accept()];
}

const server = listen("socket");
// What the first watch of all leaves open.
for (const side of await pair()) await closed(side.destroy());
after(() => server.close());

async function closed(stream: Duplex): Promise<void> {
  if (!stream.closed) await once(stream, "close");
}

const sizes = (messages: Buffer[]) => messages.map((message) => message.length);

test("messages keep their bounds, what is written is cut, each half ends by itself, and no descriptor stays", async () => {
  const before = openFiles();
  const [client, peer] = await pair({ maxMessageBytes: 1000 });
  client.write("");
  client.end(Buffer.alloc(2500, "x")).resume();
  assert.deepEqual(sizes(await peer.toArray()), [1000, 1000, 500]);
  await Promise.all([client, peer].map(closed));
  assert.equal(openFiles(), before);

  const [reader, writer] = await pair();
  reader.end();
  for (const size of [1, 8193, 65_536]) writer.write(Buffer.alloc(size));
  writer.end().resume();
  assert.deepEqual(sizes(await reader.toArray()), [1, 8193, 65_536]);
  await closed(writer);
  assert.equal(openFiles(), before);
});

test("a reader that stops holds up the writer, and gets everything in the end", async () => {
  const [reader, writer] = await pair();
  reader.end();
  let sent = 0;
  const send = () => {
    while (sent < 2_000 && writer.write(Buffer.alloc(8193))) sent++;
    if (sent < 2_000) writer.once("drain", send);
    else writer.end().resume();
  };
  send();
  await once(reader, "readable");
  await sleep(50);
  assert.ok(sent < 200, `${sent} messages were sent and not read`);
  assert.ok(reader.readableLength <= 2 * reader.readableHighWaterMark);
  assert.ok((await reader.toArray()).length >= 2_000);
});

test("what came before the other side closed is read, also if it left something unread", async () => {
  const [client, peer] = await pair();
  client.write("never read");
  peer.write("one");
  peer.write("two");
  await sleep(5);
  peer.destroy();
  await closed(peer);
  client.write("too late");
  assert.deepEqual((await client.toArray()).map(String), ["one", "two"]);
});

test("a path of any length will do; what cannot be reached leaves no descriptor", async () => {
  const long = join("x".repeat(200), "socket");
  mkdirSync(dirname(join(folder, long)));
  const far = listen(long);
  connectPacketSocket(join(folder, long)).end("here").resume();
  const peer = await far.accept();
  assert.deepEqual((await peer.toArray()).map(String), ["here"]);
  await closed(peer);
  far.close();
  await sleep(5);

  const before = openFiles();
  assert.throws(() => connectPacketSocket(join(folder, "none")), { code: "ENOENT" });
  assert.throws(() => connectPacketSocket(join(folder, "none", "none")), { code: "ENOENT" });
  listen("closed").close();
  assert.throws(() => connectPacketSocket(join(folder, "closed")), { code: "ECONNREFUSED" });
  assert.equal(openFiles(), before);
});
