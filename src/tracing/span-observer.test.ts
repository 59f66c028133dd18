import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Metadata, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { redirectLog } from "../log.ts";
import { observe, observeRpc, observeStep, type RpcOutcome, tellIncident } from "../observation.ts";
import { exportRequest } from "./otlp-messages.ts";
import { SpanObserver } from "./span-observer.ts";

const traceId = "0123456789abcdef0123456789abcdef";
const spanId = "fedcba9876543210";
const sampled = { traceparent: `00-${traceId}-${spanId}-01`, tracestate: "a=1,b=2" };

/** Observes with `root` deciding over what has no parent; the function answers the spans that ended, by name. */
function spansOf(t: TestContext, root: Sampler): () => Record<string, ReadableSpan> {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "critter" }),
    sampler: new ParentBasedSampler({ root }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  t.after(observe(new SpanObserver(provider.getTracer("critter", "1.0"))));
  return () => Object.fromEntries(exporter.getFinishedSpans().map((span) => [span.name, span]));
}

interface TraceHeaders {
  traceparent?: string;
  tracestate?: string;
}

function answer(headers: TraceHeaders, run: () => Promise<RpcOutcome>): Promise<RpcOutcome> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return observeRpc(
    { service: "runtime.v1.ImageService", method: "PullImage", streaming: false, metadata },
    run,
  );
}

async function pull(): Promise<RpcOutcome> {
  await observeStep("image.pull", { image: "busybox" }, async (note) => {
    const download = () =>
      observeStep("layer.download", { digest: "sha256:1" }, async (noteBytes) => noteBytes({ bytes: 7 }));
    await observeStep("layer.unpack", { digest: "sha256:1" }, download);
    note({ layers: 1 });
  });
  return { code: status.OK };
}

const rpcName = "runtime.v1.ImageService/PullImage";
const parentOf = (span: ReadableSpan | undefined) => span?.parentSpanContext?.spanId;

test("spans are nested as the steps are, below the client's", async (t) => {
  const spans = spansOf(t, new AlwaysOffSampler());
  await answer(sampled, pull);
  const all = spans();
  const chain = [all[rpcName], all["pull image"], all["unpack layer"], all["download layer"]];
  const ids = chain.map((span) => span?.spanContext().spanId);
  assert.deepEqual(chain.map(parentOf), [spanId, ...ids.slice(0, 3)]);
  for (const span of chain) assert.equal(span?.spanContext().traceId, traceId);
  assert.deepEqual(all["pull image"]?.attributes, { "container.image.name": "busybox", "image.layers": 1 });
  assert.deepEqual(all["download layer"]?.attributes, {
    "layer.digest": "sha256:1",
    "layer.downloaded_bytes": 7,
  });
});

test("steps side by side are siblings", async (t) => {
  const spans = spansOf(t, new AlwaysOffSampler());
  const step = (command: string) => observeStep("runtime.call", { handler: "runc", command }, async () => {});
  await answer(sampled, async () => {
    await Promise.all([step("create"), step("delete")]);
    return { code: status.OK };
  });
  const all = spans();
  const rpc = all[rpcName]?.spanContext().spanId;
  assert.deepEqual([parentOf(all["runc create"]), parentOf(all["runc delete"])], [rpc, rpc]);
});

test("what begins when all it was within is over is no part of it", async (t) => {
  const spans = spansOf(t, new TraceIdRatioBasedSampler(1));
  const over = Promise.withResolvers<void>();
  let late: Promise<unknown> | undefined;
  await answer(sampled, async () => {
    await observeStep("image.pull", { image: "busybox" }, async () => {
      const watch = async () => {
        await observeStep("runtime.call", { handler: "runc", command: "state" }, async () => {});
        await over.promise;
        await observeStep("lock.wait", { key: "1" }, async () => {});
        await observeStep("runtime.call", { handler: "runc", command: "delete" }, async () => {});
      };
      late = Promise.resolve().then(watch);
    });
    await new Promise(setImmediate);
    return { code: status.OK };
  });
  over.resolve();
  await late;
  const all = spans();
  assert.equal(all["runc state"]?.spanContext().traceId, traceId);
  assert.notEqual(all["runc delete"]?.spanContext().traceId, traceId);
  assert.equal(all["runc delete"]?.parentSpanContext, undefined);
  assert.equal(all["wait for lock"], undefined);
});

test("an RPC is sampled as its client says, and by the rate where it says nothing; its steps go with it", async (t) => {
  const never = spansOf(t, new AlwaysOffSampler());
  const always = spansOf(t, new TraceIdRatioBasedSampler(1));
  await answer({ traceparent: sampled.traceparent.replace(/01$/, "00") }, pull);
  assert.deepEqual(Object.keys(always()), []);
  for (const headers of [{}, { traceparent: "no trace context" }]) await answer(headers, pull);
  assert.deepEqual(Object.keys(never()), []);
  assert.equal(Object.keys(always()).length, 4);
  assert.equal(always()[rpcName]?.parentSpanContext, undefined);
});

test("an error is the server's or the client's, as its code says; that of a step is its own", async (t) => {
  const spans = spansOf(t, new AlwaysOffSampler());
  const fail = (code: status) =>
    answer(sampled, async () => {
      const error = new Error("no such thing");
      const step = observeStep("recovery", {}, () => Promise.reject(error));
      return step.catch(() => ({ code, error }));
    });
  await fail(status.NOT_FOUND);
  assert.deepEqual(spans().recover?.status, { code: 2, message: "no such thing" });
  assert.equal(spans()[rpcName]?.status.code, 0);
  assert.equal(spans()[rpcName]?.attributes["rpc.grpc.status_code"], status.NOT_FOUND);
  await fail(status.INTERNAL);
  assert.deepEqual(spans()[rpcName]?.status, { code: 2, message: "no such thing" });
});

test("what is exported has everything, in the collector's terms", async (t) => {
  t.after(redirectLog(() => {}));
  const spans = spansOf(t, new AlwaysOffSampler());
  await answer(sampled, async () => {
    tellIncident("creation.joined", { stage: "container creating" });
    return { code: status.INTERNAL, error: new Error("broken") };
  });
  const file = new URL("../../proto/opentelemetry/trace_service.proto", import.meta.url).pathname;
  const service = loadSync(file, { longs: String, enums: String })[
    "opentelemetry.proto.collector.trace.v1.TraceService"
  ] as unknown as {
    Export: { requestSerialize(request: object): Buffer; requestDeserialize(bytes: Buffer): object };
  };
  const { requestSerialize, requestDeserialize } = service.Export;
  const [rpc] = Object.values(spans());
  const request = requestDeserialize(requestSerialize(exportRequest([rpc!])));
  const [seconds, nanoseconds] = rpc!.startTime;
  assert.partialDeepStrictEqual(request, {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "critter" } }] },
        scopeSpans: [
          {
            scope: { name: "critter", version: "1.0" },
            spans: [
              {
                traceId: Buffer.from(traceId, "hex"),
                parentSpanId: Buffer.from(spanId, "hex"),
                traceState: "a=1,b=2",
                name: rpcName,
                kind: "SPAN_KIND_SERVER",
                // Sampled, and its parent known to be another process's.
                flags: 0x301,
                startTimeUnixNano: String(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)),
                status: { code: "STATUS_CODE_ERROR", message: "broken" },
                events: [
                  {
                    name: "creation.joined",
                    attributes: [{ key: "stage", value: { stringValue: "container creating" } }],
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
  });
});
