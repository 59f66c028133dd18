/** Makes spans of what is observed: one an RPC, child of the client's, and one a step, child of what it is part of. */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Metadata, status } from "@grpc/grpc-js";
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { messageOf } from "../cri/status-error.ts";
import { addLogFields, logFields } from "../log.ts";
import type { Incident, Observation, Observer, RpcCall, RpcOutcome, Step } from "../observation.ts";
import { spanAttributes, spanName } from "./step-spans.ts";

/** Codes that are the server's failure; the others are the client's (semantic conventions, "RPC", of server spans). */
const failures = new Set([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** What of the log's fields an RPC's span says too: by these a trace leads to the log. */
const sharedFields = {
  request_id: "request.id",
  pod: "k8s.pod.name",
  namespace: "k8s.namespace.name",
  pod_id: "pod_sandbox.id",
  container: "k8s.container.name",
  container_id: "container.id",
};

const w3c = new W3CTraceContextPropagator();

const ofMetadata: TextMapGetter<Metadata> = {
  get: (metadata, key) => {
    const values = metadata.get(key).map(String);
    return values.length > 0 ? values : undefined;
  },
  keys: (metadata) => Object.keys(metadata.getMap()),
};

export class SpanObserver implements Observer {
  readonly #tracer: Tracer;
  readonly #current = new AsyncLocalStorage<Context>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  rpc({ service, method, metadata }: RpcCall): Observation<RpcOutcome> {
    const client = w3c.extract(ROOT_CONTEXT, metadata, ofMetadata);
    const attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method };
    const span = this.#tracer.startSpan(
      `${service}/${method}`,
      { kind: SpanKind.SERVER, attributes },
      client,
    );
    if (span.isRecording()) addLogFields({ trace_id: span.spanContext().traceId });
    return {
      ...this.#within(client, span),
      end: ({ code, error }) => {
        span.setAttributes({ "rpc.grpc.status_code": code, ...fromLog() });
        if (failures.has(code)) fail(span, error);
        span.end();
      },
    };
  }

  step(step: Step): Observation<{ error?: unknown }> {
    const parent = this.#current.getStore() ?? ROOT_CONTEXT;
    const span = this.#tracer.startSpan(spanName(step), {}, parent);
    return {
      ...this.#within(parent, span),
      end: ({ error }) => {
        span.setAttributes(spanAttributes(step));
        if (error !== undefined) fail(span, error);
        span.end();
      },
    };
  }

  incident({ kind, attributes }: Incident): void {
    // The other kinds are no part of what is under way here.
    if (kind !== "creation.joined") return;
    const context = this.#current.getStore();
    if (context) trace.getSpan(context)?.addEvent(kind, attributes);
  }

  // Also where the span is not sampled: what is within must not be either.
  #within(parent: Context, span: Span): Pick<Required<Observation<unknown>>, "within"> {
    const context = trace.setSpan(parent, span);
    return { within: (run) => this.#current.run(context, run) };
  }
}

function fail(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
}

function fromLog(): Record<string, string> {
  const fields = logFields();
  const shared = Object.entries(sharedFields).map(([field, name]) => [name, fields[field]]);
  return Object.fromEntries(shared.filter(([, value]) => typeof value === "string"));
}
