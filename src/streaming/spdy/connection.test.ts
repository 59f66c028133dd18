import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { constants, createDeflate } from "node:zlib";
import type { SpdyConnection } from "./connection.ts";
import { headerDictionary } from "./dictionary.ts";
import { control, controlWithFlags, dataHeader, FrameType, ping, words } from "./frames.ts";
import type { SpdyStream } from "./stream.ts";
import { type SpdyPair, spdyPair } from "./test-client.test.ts";

/** Opens a stream and accepts it. */
async function openStream({ client, connection }: SpdyPair, headers = {}): Promise<SpdyStream> {
  const arrived = once(connection, "stream");
  client.open({ streamtype: "data", ...headers });
  const [stream] = (await arrived) as [SpdyStream];
  stream.reply();
  await client.until(() => client.stream(stream.id).replied);
  return stream;
}

async function closing(connection: SpdyConnection): Promise<Error | undefined> {
  const [error] = (await once(connection, "close")) as [Error | undefined];
  return error;
}

async function collect(stream: SpdyStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

test("a stream carries data both ways and ends half by half", async () => {
  await using pair = await spdyPair();
  const stream = await openStream(pair, { Port: "80" });
  assert.equal(stream.headers.get("port"), "80");
  pair.client.write(stream.id, "from the client", true);
  assert.equal(await collect(stream), "from the client");
  stream.write("after the client's end");
  stream.end();
  assert.equal(await pair.client.output(stream.id), "after the client's end");
  if (!stream.closed) await once(stream, "close");
  assert.deepEqual(
    pair.client.frames.map((frame) => frame.kind),
    ["syn-reply"],
  );
});

test("several streams at once, each with its own data, the second reply without zlib's header", async () => {
  await using pair = await spdyPair();
  const streams = await Promise.all([openStream(pair), openStream(pair), openStream(pair)]);
  const { client } = pair;
  await Promise.all(
    streams.map(async (stream) => {
      client.write(stream.id, `hello ${stream.id}`, true);
      stream.end(await collect(stream));
      assert.equal(await client.output(stream.id), `hello ${stream.id}`);
    }),
  );
});

test("header blocks compressed with the protocol's dictionary, as one zlib stream", async () => {
  await using pair = await spdyPair();
  const deflate = createDeflate({ dictionary: headerDictionary, level: 9 });
  const block = async (headers: Record<string, string>) => {
    const parts = [words(Object.keys(headers).length)];
    for (const text of Object.entries(headers).flat()) parts.push(words(text.length), Buffer.from(text));
    deflate.write(Buffer.concat(parts));
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    return deflate.read() as Buffer;
  };
  for (const id of [1, 3, 5]) {
    const arrived = once(pair.connection, "stream");
    const compressed = await block({ streamtype: "error", port: "8080", requestid: String(id) });
    pair.client.send(control(FrameType.synStream, words(id, 0), Buffer.alloc(2), compressed));
    const [stream] = (await arrived) as [SpdyStream];
    assert.deepEqual(
      [...stream.headers],
      [
        ["streamtype", "error"],
        ["port", "8080"],
        ["requestid", String(id)],
      ],
    );
  }
});

test("frames cut anywhere are put together again", async () => {
  await using pair = await spdyPair();
  const stream = await openStream(pair);
  const payload = Buffer.from("one byte at a time");
  const bytes = Buffer.concat([ping(1), dataHeader(stream.id, payload.length, true), payload]);
  for (const byte of bytes) {
    pair.client.send(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  assert.equal(await collect(stream), payload.toString());
});

test("a data frame of 16 MiB is handed on before its end", async () => {
  await using pair = await spdyPair();
  const stream = await openStream(pair);
  pair.client.send(dataHeader(stream.id, 0xff_ffff, false));
  pair.client.send(Buffer.from("the beginning"));
  const [chunk] = (await once(stream, "data")) as [Buffer];
  assert.equal(chunk.toString(), "the beginning");
});

test("the client's pings are answered, answers to ours are not", async () => {
  await using pair = await spdyPair();
  pair.client.send(ping(2));
  pair.client.send(ping(7));
  await pair.client.until(() => pair.client.frames.length > 0);
  assert.deepEqual(pair.client.frames, [{ kind: "ping", id: 7 }]);
});

test("the client's reset ends both halves, and is not answered", async () => {
  await using pair = await spdyPair();
  const stream = await openStream(pair);
  const closed = once(stream, "close").catch(() => {});
  pair.client.reset(stream.id);
  await closed;
  assert.match(String(stream.errored), /client reset SPDY stream 1/);
  pair.client.send(ping(1));
  await pair.client.until(() => pair.client.frames.length > 1);
  assert.deepEqual(
    pair.client.frames.map((frame) => frame.kind),
    ["syn-reply", "ping"],
  );
});

test("destroying a stream that has not ended resets it, data on its way is ignored", async () => {
  await using pair = await spdyPair();
  const stream = await openStream(pair);
  stream.destroy();
  pair.client.write(stream.id, "too late");
  await pair.client.output(stream.id);
  assert.equal(pair.client.stream(stream.id).resetStatus, 5);
  const other = await openStream(pair);
  other.reset(2);
  await pair.client.output(other.id);
  assert.equal(pair.client.stream(other.id).resetStatus, 2);
});

test("data for a stream that was never opened resets it and harms no other", async () => {
  await using pair = await spdyPair();
  const stream = await openStream(pair);
  pair.client.write(99, "?");
  await pair.client.output(99);
  assert.equal(pair.client.stream(99).resetStatus, 2);
  pair.client.write(stream.id, "!", true);
  assert.equal(await collect(stream), "!");
});

test("one stream too many is refused", async () => {
  await using pair = await spdyPair({ maxStreams: 1 });
  const stream = await openStream(pair);
  const refused = pair.client.open({});
  await pair.client.output(refused);
  assert.equal(pair.client.stream(refused).resetStatus, 3);
  stream.destroy();
  await openStream(pair);
});

const malformed: [string, Buffer, RegExp][] = [
  ["a version that is not 3", Buffer.concat([words(0x8002_0006, 4), words(1)]), /version 2/],
  ["a control frame larger than any", words(0x8003_0001, 0x10_0000), /control frame of 1048576 bytes/],
  ["a PING of a wrong length", control(FrameType.ping, words(1, 2)), /PING frame of 8 bytes/],
  ["SETTINGS that do not hold what they count", control(FrameType.settings, words(9)), /SETTINGS/],
  ["a SYN_STREAM without headers", control(FrameType.synStream, words(1, 0)), /SYN_STREAM/],
  ["headers that are not zlib's", synStream(1, Buffer.from("garbage")), /zlib cannot read/],
  ["headers cut off", synStream(1, stored(words(1))), /cut off/],
  [
    "a header larger than its block",
    synStream(1, stored(words(1, 0xffff_ffff))),
    /header of 4294967295 bytes/,
  ],
  ["bytes after the headers", synStream(1, stored(words(0, 0))), /after its headers/],
  ["a stream with an even id", synStream(2, stored(words(0))), /stream 2 after 0/],
  [
    "a window larger than windows are",
    control(FrameType.windowUpdate, words(0, 0x7fff_ffff)),
    /WINDOW_UPDATE/,
  ],
];

for (const [what, bytes, message] of malformed) {
  test(`${what} closes the connection with an error that says so`, async () => {
    await using pair = await spdyPair();
    pair.connection.on("stream", (stream) => stream.reply());
    const closed = closing(pair.connection);
    pair.client.send(bytes);
    assert.match(String(await closed), message);
    await pair.client.untilClosed();
  });
}

test("a stream id used again closes the connection", async () => {
  await using pair = await spdyPair();
  await openStream(pair);
  const closed = closing(pair.connection);
  pair.client.send(synStream(1, storedBlocks(words(0))));
  assert.match(String(await closed), /stream 1 after 1/);
});

test("headers that inflate to more than 16 KiB close the connection", async () => {
  await using pair = await spdyPair();
  const deflate = createDeflate({ level: 9 });
  deflate.write(Buffer.concat([words(1, 1), Buffer.from("a"), words(5_000_000), Buffer.alloc(5_000_000)]));
  await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
  const bomb = deflate.read() as Buffer;
  assert.ok(bomb.length < 10_000);
  const closed = closing(pair.connection);
  pair.client.send(synStream(1, bomb));
  assert.match(String(await closed), /more than 16384 bytes/);
});

test("unknown control frames and a HEADERS frame's content are ignored, its end of stream is not", async () => {
  await using pair = await spdyPair();
  const stream = await openStream(pair);
  pair.client.send(control(77, Buffer.from("?")));
  pair.client.send(controlWithFlags(FrameType.headers, 1, words(stream.id), storedBlocks(words(0))));
  assert.equal(await collect(stream), "");
});

test("a client that goes away ends every stream with an error", async () => {
  await using pair = await spdyPair();
  const stream = await openStream(pair);
  const closed = closing(pair.connection);
  pair.client.socket.end();
  assert.equal(await closed, undefined);
  assert.match(String(stream.errored), /connection has closed/);
});

test("end sends what was written, then GOAWAY, and waits for the client to close", async () => {
  await using pair = await spdyPair();
  const stream = await openStream(pair);
  stream.write(Buffer.alloc(1024 * 1024, "x"));
  const ended = pair.connection.end();
  pair.client.write(stream.id, Buffer.alloc(1024 * 1024));
  assert.equal((await pair.client.output(stream.id)).length, 1024 * 1024);
  await pair.client.untilClosed();
  assert.equal(pair.client.frames.at(-1)?.kind, "go-away");
  assert.equal(pair.socket.destroyed, false);
  pair.client.socket.end();
  await ended;
});

test("end waits only so long for a client that does not close", async () => {
  await using pair = await spdyPair({ lingerMs: 10 });
  await openStream(pair);
  await pair.connection.end();
});

test("end of a connection that is gone settles", async () => {
  await using pair = await spdyPair();
  pair.connection.destroy();
  await pair.connection.end();
});

/** A block that begins the client's zlib stream. */
function stored(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x78, 0x01]), storedBlocks(bytes)]);
}

function storedBlocks(bytes: Buffer): Buffer {
  const header = Buffer.from([0, bytes.length, 0, ~bytes.length & 0xff, 0xff]);
  return Buffer.concat([header, bytes, Buffer.from([0, 0, 0, 0xff, 0xff])]);
}

function synStream(id: number, headerBlock: Buffer): Buffer {
  return control(FrameType.synStream, words(id, 0), Buffer.alloc(2), headerBlock);
}
