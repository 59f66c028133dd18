import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { Metadata, status } from "@grpc/grpc-js";
import { redirectLog } from "./log.ts";
import { type Observer, observe, observeRpc, observeStep } from "./observation.ts";

const call = {
  service: "runtime.v1.RuntimeService",
  method: "Version",
  streaming: false,
  metadata: new Metadata(),
};

test("a step is told with what became known of it, and its end", async (t) => {
  const told: unknown[] = [];
  t.after(
    observe({
      step: (step) => ({
        end: ({ error, durationMs }) => told.push({ ...step, error, timed: durationMs >= 0 }),
      }),
    }),
  );
  const failure = new Error("no");
  const pull = observeStep("image.pull", { image: "one" }, async (note) => {
    note({ layers: 3 });
    return "done";
  });
  assert.equal(await pull, "done");
  await assert.rejects(
    observeStep("image.pull", { image: "two" }, () => Promise.reject(failure)),
    failure,
  );
  assert.deepEqual(told, [
    { kind: "image.pull", attributes: { image: "one", layers: 3 }, error: undefined, timed: true },
    { kind: "image.pull", attributes: { image: "two" }, error: failure, timed: true },
  ]);
});

test("an RPC is told to all who observe, with the code of its answer; steps within run inside it", async (t) => {
  const codes: status[] = [];
  const within = new AsyncLocalStorage<string>();
  const parents: unknown[] = [];
  const ending: Observer = { rpc: () => ({ end: ({ code }) => codes.push(code) }) };
  const nesting: Observer = {
    rpc: ({ method }) => ({ within: (run) => within.run(method, run), end: () => {} }),
    step: () => {
      parents.push(within.getStore());
      return undefined;
    },
  };
  for (const observer of [ending, nesting, ending]) t.after(observe(observer));
  await observeRpc(call, async () => {
    await observeStep("recovery", {}, async () => {});
    return { code: status.NOT_FOUND, error: new Error("gone") };
  });
  assert.deepEqual(codes, [status.NOT_FOUND, status.NOT_FOUND]);
  assert.deepEqual(parents, ["Version"]);
});

test("who stops observing hears no more, and an observer that fails is no failure of the RPC", async (t) => {
  const lines: string[] = [];
  t.after(redirectLog((line) => lines.push(line)));
  const fail = () => {
    throw new Error("a wrong observer");
  };
  const stops = [observe({ rpc: fail }), observe({ rpc: () => ({ end: fail }) })];
  const answer = () => observeRpc(call, async () => ({ code: status.OK }));
  assert.deepEqual(await answer(), { code: status.OK });
  assert.equal(lines.filter((line) => line.includes("a wrong observer")).length, 2);
  for (const stop of stops) stop();
  await answer();
  assert.equal(lines.length, 2);
});
