/** What a client may do to a server of HTTP/2 and gRPC, by mistake or on purpose. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Attack, longAnswer, moment, repeated, say, streamAt } from "./attack.ts";
import {
  call,
  callBlock,
  callHeaders,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  headers,
  hpack,
  number32,
  opening,
  PREFACE,
  ping,
  reset,
  settings,
  Type,
  windowUpdate,
} from "./frames.ts";
import { grpcAttacks } from "./grpc-attacks.ts";

export const attacks: Record<string, Attack> = {
  "no preface": async ({ open, random, scale }) => {
    for (let count = 0; count < 30 * scale; count++) {
      await (await open()).send(random.bytes(1 + random.below(300)));
    }
    await moment();
  },

  "half a preface": async ({ open, scale }) => {
    for (let length = 0; length < PREFACE.length * Math.min(scale, 10); length++)
      await (await open()).send(PREFACE.subarray(0, length % PREFACE.length));
    await moment();
  },

  "HTTP/1.1": async ({ open }) => {
    await (await open()).send(Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(100_000)}\r\n\r\n`));
    await (await open()).send(
      Buffer.from("POST / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
    );
    await moment();
  },

  "random frames": async (tools) => {
    const { random, scale } = tools;
    for (let count = 0; count < 40 * scale; count++) {
      const frames = Array.from({ length: 30 }, () =>
        frame(
          random.below(12),
          random.below(256),
          random.pick([0, 1, 2, 3, 5, 2 ** 31 - 1, random.below(100)]),
          random.bytes(random.below(60)),
        ),
      );
      await (await tools.open()).send(opening(), ...frames);
    }
    await moment();
  },

  "changed bytes of a right call": async ({ open, random, scale }) => {
    const right = Buffer.concat([
      opening(),
      ping(),
      call(1),
      windowUpdate(0, 1000),
      call(3),
      reset(3),
      call(5),
    ]);
    for (let count = 0; count < 150 * scale; count++) {
      const bytes = Buffer.from(right);
      for (let changes = 1 + random.below(5); changes > 0; changes--)
        bytes[PREFACE.length + random.below(bytes.length - PREFACE.length)] = random.below(256);
      await (await open()).send(random.chance(0.3) ? bytes.subarray(0, random.below(bytes.length)) : bytes);
      if (count % 50 === 49) await moment();
    }
    await moment();
  },

  "frames longer than they say, and shorter": async ({ open }) => {
    for (const length of [0, 1, 5, 16_385, 2 ** 24 - 1])
      await (await open()).send(opening(), frame(Type.HEADERS, END_HEADERS, 1, callBlock, length), call(3));
    await moment();
  },

  "flood of settings": (tools) =>
    say(
      tools,
      repeated(20_000 * tools.scale, (at) => settings([3, at])),
    ),
  "flood of pings": (tools) => say(tools, repeated(50_000 * tools.scale, ping)),
  "flood of pings, unread": async ({ open, scale }) => {
    await (await open(false)).send(opening(), repeated(100_000 * scale, ping));
    await moment();
  },
  "flood of empty data": (tools) =>
    say(
      tools,
      headers(1, callBlock),
      repeated(50_000 * tools.scale, () => data(1, Buffer.alloc(0), 0)),
    ),
  "flood of priorities": (tools) =>
    say(
      tools,
      repeated(50_000 * tools.scale, (at) => frame(Type.PRIORITY, 0, streamAt(at), Buffer.alloc(5))),
    ),

  "rapid reset": (tools) =>
    say(
      tools,
      repeated(20_000 * tools.scale, (at) => Buffer.concat([call(streamAt(at)), reset(streamAt(at))])),
    ),
  "rapid reset on many connections": async ({ open, scale }) => {
    for (let count = 0; count < 20 * scale; count++) {
      const calls = repeated(300, (at) => Buffer.concat([call(streamAt(at)), reset(streamAt(at))]));
      await (await open()).send(opening(), calls);
    }
    await moment();
  },
  "calls that are reset by the daemon": (tools) =>
    say(
      tools,
      repeated(5000 * tools.scale, (at) =>
        Buffer.concat([headers(streamAt(at), callBlock), windowUpdate(streamAt(at), 0)]),
      ),
    ),

  "flood of continuations": (tools) =>
    say(
      tools,
      headers(1, callBlock, 0),
      repeated(20_000 * tools.scale, (at) => frame(Type.CONTINUATION, 0, 1, hpack([[`x-${at}`, "y"]]))),
    ),
  "headers that never end": async ({ open, scale }) => {
    for (let count = 0; count < 50 * scale; count++)
      await (await open()).send(opening(), headers(1, callBlock, 0));
    await moment();
  },
  "huge headers": async (tools) => {
    const huge = hpack([...callHeaders(), ["x", "y".repeat(16_000)]]);
    await say(
      tools,
      repeated(100 * tools.scale, (at) => headers(streamAt(at), huge, END_HEADERS | END_STREAM)),
    );
    const many = hpack([
      ...callHeaders(),
      ...Array.from({ length: 1000 }, (_, at): [string, string] => [`x${at}`, ""]),
    ]);
    await say(tools, headers(1, many, END_HEADERS | END_STREAM), call(3));
  },
  "wrong HPACK": async (tools) => {
    const wrong = [
      "ff",
      "ffffffffffffffffff7f",
      "80",
      "bf",
      "3fe1ffffff7f",
      "00",
      "007f",
      "0001",
      "4081ff",
      "c0ffffff",
    ];
    for (const block of wrong) await say(tools, headers(1, Buffer.from(block, "hex")), call(3));
  },

  "windows that overflow": async (tools) => {
    await say(tools, windowUpdate(0, 2 ** 31 - 1), windowUpdate(0, 2 ** 31 - 1));
    await say(tools, call(1), windowUpdate(1, 2 ** 31 - 1), windowUpdate(1, 2 ** 31 - 1));
    await say(tools, settings([4, 2 ** 31]), call(1));
    await say(tools, settings([4, 2 ** 31 - 1]), call(1), windowUpdate(1, 5), settings([4, 0]), call(3));
    await say(tools, settings([5, 1]), settings([5, 2 ** 24]), call(1));
  },
  "windows that never open": async ({ open, scale }) => {
    for (let count = 0; count < 10 * scale; count++) {
      const connection = await open(false);
      const lists = repeated(200, (at) => call(streamAt(at), longAnswer));
      await connection.send(PREFACE, settings([4, 0]), lists);
    }
    await sleep(500);
  },
  "answers that nobody reads": async ({ open, scale }) => {
    for (let count = 0; count < 10 * scale; count++) {
      const connection = await open(false);
      await connection.send(
        PREFACE,
        settings([4, 2 ** 31 - 1]),
        windowUpdate(0, 2 ** 30),
        repeated(100, (at) => call(streamAt(at), longAnswer)),
      );
    }
    await sleep(500);
  },

  "idle connections": async ({ open, scale }) => {
    for (let count = 0; count < Math.min(2000 * scale, 8000); count++) await open();
    await moment();
  },
  "connections that come and go": async ({ open, scale }) => {
    for (let count = 0; count < 1000 * scale; count++) {
      const connection = await open();
      if (count % 2 === 0) await connection.send(opening(), call(1));
      connection.close();
    }
    await moment();
  },
  "goaway and what follows": (tools) =>
    say(tools, frame(Type.GOAWAY, 0, 0, Buffer.concat([number32(0), number32(0)])), call(1), call(3)),
  "pushes and answers of a client": (tools) =>
    say(
      tools,
      frame(Type.PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([number32(2), callBlock])),
      headers(2, hpack([[":status", "200"]])),
      call(3),
    ),

  ...grpcAttacks,
};
