import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { Random } from "../../../test/support/random.ts";
import { SpdyConnection } from "./connection.ts";
import {
  control,
  controlWithFlags,
  dataHeader,
  FrameType,
  goAway,
  ping,
  rstStream,
  windowUpdate,
  words,
} from "./frames.ts";
import { HeaderEncoder } from "./header-block.ts";
import type { SpdyStream } from "./stream.ts";
import { spdyPair } from "./test-client.test.ts";

const seed = Number(process.env.FUZZ_SEED ?? 20_261);
const connections = Number(process.env.FUZZ_CONNECTIONS ?? 600);
const AT_ONCE = 6;

/** The frames of a client that keeps to the protocol. */
function validFrames(random: Random): Buffer[] {
  const encoder = new HeaderEncoder();
  const frames: Buffer[] = [];
  let last = -1;
  for (let count = 3 + random.below(20); count > 0; count--) {
    const id = 1 + 2 * random.below(Math.max(1, (last + 1) / 2));
    const payload = random.bytes(random.below(300));
    const block = () => encoder.encode(new Map([["streamtype", "data"]]));
    const choices = [
      () => {
        last += 2;
        return control(FrameType.synStream, words(last, 0), Buffer.alloc(2), block());
      },
      () => Buffer.concat([dataHeader(id, payload.length, random.below(4) === 0), payload]),
      () => Buffer.concat([dataHeader(id, 65_536, false), Buffer.alloc(65_536)]),
      () => controlWithFlags(FrameType.headers, random.below(2), words(id), block()),
      () => rstStream(id, 1 + random.below(11)),
      () => control(FrameType.settings, words(1, 7, random.below(100_000))),
      () => windowUpdate(random.below(2) * id, 1 + random.below(100_000)),
      () => ping(1 + random.below(1000)),
      () => goAway(0, random.below(3)),
      () => control(random.below(100), payload),
    ];
    frames.push(choices[last < 0 ? 0 : random.below(choices.length)]!());
  }
  return frames;
}

function mutate(random: Random, frames: Buffer[]): Buffer {
  const bytes = Buffer.concat(random.below(4) === 0 ? frames.toReversed() : frames);
  const at = random.below(bytes.length);
  const mutations = [
    () => bytes,
    () => bytes.subarray(0, at),
    () => bytes.subarray(at),
    () => Buffer.concat([bytes.subarray(0, at), random.bytes(random.below(50)), bytes.subarray(at)]),
    () => Buffer.concat([bytes, bytes.subarray(at)]),
    () => {
      for (let count = 1 + random.below(8); count > 0; count--)
        bytes[random.below(Math.min(bytes.length, 400))] = random.below(256);
      return bytes;
    },
    () => {
      for (let count = 1 + random.below(8); count > 0; count--)
        bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      return bytes;
    },
    () => random.bytes(random.below(2000)),
  ];
  return mutations[random.below(mutations.length)]!();
}

/** Sends the bytes in random pieces, then hangs up in one of the ways there are; settles when the socket has closed. */
async function send(port: number, bytes: Buffer, random: Random): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.resume();
  for (let at = 0; at < bytes.length && !socket.destroyed; ) {
    const size = 1 + random.below(random.below(3) === 0 ? 20 : 60_000);
    socket.write(bytes.subarray(at, at + size));
    at += size;
    if (random.below(3) === 0) await new Promise(setImmediate);
  }
  if (random.below(3) === 0) socket.resetAndDestroy();
  else socket.end();
  // One that has closed its half while nobody reads, and whose windows are full, would stay for as long as it lives.
  const leave = setTimeout(() => socket.destroy(), 500);
  await closed;
  clearTimeout(leave);
}

/** What consumers of streams do. */
function consume(stream: SpdyStream, random: Random): void {
  const choices = [
    () => stream.pipe(stream),
    () => stream.end("an answer"),
    () => stream.reset(random.below(12)),
    () => stream.resume(),
    () => setImmediate(() => stream.destroy()),
    () => {
      stream.reply();
      setTimeout(() => stream.resume(), 50);
    },
  ];
  choices[random.below(choices.length)]!();
}

test(`${connections} broken sessions end nothing but themselves (FUZZ_SEED=${seed})`, async () => {
  const random = new Random(seed);
  await using bystander = await spdyPair();
  bystander.connection.on("stream", (stream) => stream.pipe(stream));
  const open = new Set<Socket>();
  let closed = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket.once("close", () => open.delete(socket)));
    const connection = new SpdyConnection(socket, { maxStreams: 8, probeMs: 20 });
    connection.on("stream", (stream) => consume(stream, random));
    connection.on("close", () => closed++);
    if (random.below(10) === 0) setImmediate(() => connection.end());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const memory = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const before = memory();
  for (let count = 0; count < connections; count += AT_ONCE) {
    const inputs = Array.from({ length: AT_ONCE }, () => mutate(random, validFrames(random)));
    await Promise.all(inputs.map((bytes) => send(port, bytes, random)));
    const echo = bystander.client.open({});
    bystander.client.write(echo, "still here", true);
    assert.equal(await bystander.client.output(echo), "still here");
  }
  while (open.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(closed, connections);
  const grown = memory() - before;
  assert.ok(grown < 100 * 1024 * 1024, `grown by ${grown} bytes`);
  server.close();
});
