import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { type RequestedStreams, requestedStreams } from "./requested-streams.ts";

const none = { stdin: false, stdout: false, stderr: false, tty: false };

test("any stream will do, and with a terminal any but stderr", () => {
  const good: Partial<RequestedStreams>[] = [
    { stdin: true },
    { stdout: true, stderr: true },
    { stdin: true, stdout: true, tty: true },
  ];
  for (const streams of good)
    assert.deepEqual(requestedStreams({ ...none, ...streams }), { ...none, ...streams });
});

test("no stream at all, and stderr beside a terminal, are wrong arguments", () => {
  const code = status.INVALID_ARGUMENT;
  assert.throws(() => requestedStreams({ ...none, tty: true }), { code, message: /stdout is false/ });
  assert.throws(() => requestedStreams({ ...none, stdout: true, stderr: true, tty: true }), {
    code,
    message: /stderr is true/,
  });
});
