import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { control, dataHeader, FrameType, ping, words } from "./frames.ts";
import type { SpdyStream } from "./stream.ts";
import { type SpdyPair, spdyPair } from "./test-client.test.ts";

const CHUNK = Buffer.alloc(64 * 1024);

async function openStream({ client, connection }: SpdyPair): Promise<SpdyStream> {
  const arrived = once(connection, "stream");
  client.open({ streamtype: "data" });
  const [stream] = (await arrived) as [SpdyStream];
  stream.reply();
  await client.until(() => client.stream(stream.id).replied);
  return stream;
}

/** Waits until a number grows no more, and returns it. */
async function settled(read: () => number): Promise<number> {
  for (let before = -1; before !== read(); ) {
    before = read();
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return read();
}

/** Sends `bytes` on a stream as fast as the server reads them; settles when all are with the kernel. */
async function upload({ client }: SpdyPair, id: number, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += CHUNK.length) {
    if (!client.write(id, CHUNK)) await once(client.socket, "drain");
  }
}

test("a reader that is slow holds the client back, and little in memory", async () => {
  await using pair = await spdyPair();
  const stream = await openStream(pair);
  const size = 32 * 1024 * 1024;
  const sent = upload(pair, stream.id, size).then(() => pair.client.end(stream.id));
  const held = await settled(() => stream.readableLength);
  assert.ok(held >= 256 * 1024 && held <= 384 * 1024, `${held} bytes held`);
  assert.ok(pair.socket.isPaused());
  let received = 0;
  for await (const chunk of stream) received += (chunk as Buffer).length;
  await sent;
  assert.equal(received, size);
});

test("many small frames for a slow reader count for what they cost", async () => {
  await using pair = await spdyPair();
  const stream = await openStream(pair);
  const frames = Buffer.concat(
    Array.from({ length: 8192 }, () => [dataHeader(stream.id, 1, false), Buffer.from("x")]).flat(),
  );
  pair.client.send(frames);
  const held = await settled(() => stream.readableLength);
  assert.ok(held < 4096, `${held} pieces held`);
  let received = 0;
  stream.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  assert.equal(await settled(() => received), 8192);
});

test("many streams with slow readers are bounded together", async () => {
  await using pair = await spdyPair();
  pair.client.socket.setMaxListeners(0);
  const streams: SpdyStream[] = [];
  for (let count = 0; count < 50; count++) streams.push(await openStream(pair));
  const sent = Promise.all(streams.map((stream) => upload(pair, stream.id, 3 * CHUNK.length)));
  const held = await settled(() => streams.reduce((sum, stream) => sum + stream.readableLength, 0));
  assert.ok(held < 5 * 1024 * 1024, `${held} bytes held`);
  let received = 0;
  for (const stream of streams) {
    stream.on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
  }
  await sent;
  assert.equal(await settled(() => received), 50 * 3 * CHUNK.length);
});

test("a destroyed stream holds nobody back", async () => {
  await using pair = await spdyPair();
  const stream = await openStream(pair);
  const sent = upload(pair, stream.id, 8 * 1024 * 1024);
  await settled(() => stream.readableLength);
  stream.destroy();
  await sent;
  await openStream(pair);
});

test("a client that reads nothing stops the writer", async () => {
  await using pair = await spdyPair();
  const stream = await openStream(pair);
  pair.client.socket.pause();
  let written = 0;
  const source = async () => {
    for (;;) {
      written += CHUNK.length;
      if (!stream.write(CHUNK)) await once(stream, "drain");
    }
  };
  const stopped = source().catch(() => {});
  await settled(() => written);
  assert.ok(pair.socket.writableLength <= 2 * CHUNK.length, `${pair.socket.writableLength} bytes wait`);
  pair.connection.destroy();
  await stopped;
});

test("a client that asks without reading the answers is not heard any more", async () => {
  await using pair = await spdyPair();
  pair.client.socket.pause();
  const pings = Buffer.concat(Array.from({ length: 10_000 }, () => ping(1)));
  const flood = async () => {
    for (let count = 0; count < 1000; count++) {
      if (!pair.client.socket.write(pings)) await once(pair.client.socket, "drain");
    }
  };
  const flooding = flood().catch(() => {});
  await settled(() => pair.client.socket.writableLength + pair.socket.bytesRead);
  assert.ok(pair.socket.writableLength < 128 * 1024, `${pair.socket.writableLength} bytes wait`);
  pair.connection.destroy();
  await flooding;
});

test("a client that goes away is noticed while nothing is read from it", async () => {
  await using pair = await spdyPair({ probeMs: 20 });
  const stream = await openStream(pair);
  upload(pair, stream.id, 8 * 1024 * 1024).catch(() => {});
  await settled(() => stream.readableLength);
  pair.client.socket.destroy();
  await once(pair.connection, "close");
  assert.ok(stream.destroyed);
});

test("a client with windows is sent no more than they allow, and is given back what was consumed", async () => {
  await using pair = await spdyPair();
  const { client } = pair;
  client.send(control(FrameType.settings, words(1, 7, 100_000)));
  const stream = await openStream(pair);
  stream.end(Buffer.alloc(300_000));
  assert.equal(await settled(() => client.stream(stream.id).bytes), 65_536);
  const update = (id: number, delta: number) =>
    client.send(control(FrameType.windowUpdate, words(id, delta)));
  update(0, 1_000_000);
  assert.equal(await settled(() => client.stream(stream.id).bytes), 100_000);
  update(stream.id, 1_000_000);
  assert.equal((await client.output(stream.id)).length, 300_000);

  client.write(stream.id, Buffer.alloc(40_000));
  stream.resume();
  const updates = () => client.frames.filter((frame) => frame.kind === "window-update");
  await client.until(() => updates().length === 2);
  assert.deepEqual(updates(), [
    { kind: "window-update", streamId: 0, delta: 40_000 },
    { kind: "window-update", streamId: stream.id, delta: 40_000 },
  ]);
});

test("a write that waits for the client's window ends with its stream", async () => {
  await using pair = await spdyPair();
  pair.client.send(control(FrameType.settings, words(1, 7, 0)));
  const stream = await openStream(pair);
  const written = new Promise((resolve) => stream.write("no room", resolve));
  pair.client.reset(stream.id);
  assert.match(String(await written), /stream 1 has closed/);
});

test("a client that shows its windows late gets back what was consumed before", async () => {
  await using pair = await spdyPair();
  const { client } = pair;
  const stream = await openStream(pair);
  stream.resume();
  client.write(stream.id, Buffer.alloc(65_536));
  await settled(() => pair.socket.bytesRead);
  client.send(control(FrameType.windowUpdate, words(0, 1)));
  await client.until(() => client.frames.filter((frame) => frame.kind === "window-update").length === 2);
});
