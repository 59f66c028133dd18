/** What must come of calls while a fault lasts: an end in time, with a code and a cause, or the answer. */
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { codeOf, messageOf } from "../../src/cri/status-error.ts";
import { SLOW } from "../support/slow.ts";

/** What a call must have ended in: none of those made here may take longer, whatever the fault. */
export const DEADLINE = { timeout: 20_000 * SLOW };

/** A fault's cause as a client must read it. */
export interface Cause {
  code: keyof typeof status | (keyof typeof status)[];
  message: RegExp;
}

/** What a full disk must be answered with, whatever it was that could not be written. */
export const diskFull: Cause = {
  code: "RESOURCE_EXHAUSTED",
  message: /ENOSPC|no space left on device|database or disk is full/i,
};

/** Fails unless the call fails, by its deadline, with this cause, and in words. */
export async function failsBy(cause: Cause | Cause[], what: string, call: Promise<unknown>): Promise<void> {
  const failed = await failureOf(call);
  assert.ok(failed, `${what} succeeds`);
  assertCause(cause, what, failed);
}

/** The same, but it may as well succeed. Answers whether it did. */
export async function mayFailBy(
  cause: Cause | Cause[],
  what: string,
  call: Promise<unknown>,
): Promise<boolean> {
  const failed = await failureOf(call);
  if (failed) assertCause(cause, what, failed);
  return failed === undefined;
}

/** Adds to a call's failure what was called. */
export async function succeeds<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw new Error(`${what}: ${status[codeOf(error)]}: ${messageOf(error)}`, { cause: error });
  }
}

async function failureOf(call: Promise<unknown>): Promise<Error | undefined> {
  return call.then(
    () => undefined,
    (error) => error as Error,
  );
}

function assertCause(causes: Cause | Cause[], what: string, error: Error): void {
  const failure = `${what}: ${status[codeOf(error)]}: ${error.message}`;
  const isOf = ({ code, message }: Cause) =>
    [code].flat().some((one) => status[one] === codeOf(error)) && message.test(error.message);
  assert.ok([causes].flat().some(isOf), failure);
  assert.doesNotMatch(error.message, /\n\s+at /, `${what} answers with a stack`);
}
