/** What tests add to the CRI client: waiting for a daemon, and the code a call fails with. */
import { status } from "@grpc/grpc-js";
import type { CriClient } from "../../src/client/cri-client.ts";
import { codeOf } from "../../src/cri/status-error.ts";
import { SLOW } from "./slow.ts";

/** Waits until the daemon answers Version, `seconds` at most, or until `gone` rejects (it ended before). */
export async function waitUntilServing(
  client: CriClient,
  seconds: number,
  gone: Promise<never>,
): Promise<void> {
  const end = Date.now() + seconds * SLOW * 1000;
  for (;;) {
    try {
      await Promise.race([client.runtime.Version({}, { timeout: 5000 * SLOW }), gone]);
      return;
    } catch (error) {
      if (![status.UNAVAILABLE, status.UNIMPLEMENTED].includes(codeOf(error)) || Date.now() > end)
        throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The name of the gRPC status code that a call ends with: "OK", "NOT_FOUND", … */
export async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "OK";
  } catch (error) {
    return status[codeOf(error)];
  }
}

/** What all messages of a streamed list have. */
export async function allItems<Message, Item>(
  stream: AsyncIterable<Message>,
  itemsOf: (message: Message) => Item[],
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const message of stream) items.push(...itemsOf(message));
  return items;
}

/** What `assert.rejects` is to find in a call's error: its code and, in its message, `pattern`. */
export function refusal(code: keyof typeof status, pattern: RegExp): { code: number; message: RegExp } {
  return { code: status[code], message: pattern };
}

/** Stops and removes every pod of a runtime; tries all of them before it fails. */
export async function removeAllPods({ runtime }: CriClient): Promise<void> {
  const { items } = await runtime.ListPodSandbox();
  const failures: unknown[] = [];
  for (const { id: podSandboxId } of items) {
    try {
      await runtime.StopPodSandbox({ podSandboxId }, { timeout: 30_000 * SLOW });
      await runtime.RemovePodSandbox({ podSandboxId }, { timeout: 30_000 * SLOW });
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} pods cannot be removed`);
}
