/** Calls that must end badly in good time: by the daemon's own word, not by the client's. */
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { codeOf, messageOf } from "../../src/cri/status-error.ts";

/** What the client, or grpc-js for it, says when the time that the client gave is over. */
const CLIENT_GAVE_UP = /^no answer in time|^Deadline exceeded$/;

/** Fails unless `call` is refused with `code` and a message that `cause` finds; answers the message. */
export async function refused(
  call: Promise<unknown>,
  code: keyof typeof status,
  cause: RegExp,
): Promise<string> {
  const error = await call.then(
    () => assert.fail(`nothing was refused, expected ${code} and ${cause}`),
    (refusal: unknown) => refusal,
  );
  const message = messageOf(error);
  assert.ok(!CLIENT_GAVE_UP.test(message), `no answer within the client's deadline, expected ${cause}`);
  assert.match(message, cause);
  assert.equal(status[codeOf(error)], code, message);
  return message;
}
