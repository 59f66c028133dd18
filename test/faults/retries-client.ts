/** A client that has little patience and asks again, as the kubelet does. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import type { CallOptions } from "../../src/client/cri-client.ts";
import { codeOf, messageOf } from "../../src/cri/status-error.ts";

const DEADLINE_MS = 1_000;
const PATIENCE_MS = 120_000;

/**
 * Asks with a deadline of a second until there is an answer. Any refusal but that of the deadline fails, unless `expected` finds
 * it in the message.
 */
export async function persist<T>(
  call: (options: CallOptions) => Promise<T>,
  expected?: RegExp,
): Promise<{ answer: T; tries: number }> {
  const end = performance.now() + PATIENCE_MS;
  for (let tries = 1; ; tries++) {
    try {
      return { answer: await call({ timeout: DEADLINE_MS }), tries };
    } catch (error) {
      assert.ok(performance.now() < end, `no answer after ${tries} tries: ${messageOf(error)}`);
      const isExpected = expected?.test(messageOf(error)) ?? false;
      if (!isExpected) assert.equal(status[codeOf(error)], "DEADLINE_EXCEEDED", messageOf(error));
      if (isExpected) await sleep(100);
    }
  }
}
