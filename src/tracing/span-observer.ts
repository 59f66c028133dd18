/** Makes spans of what is observed: one an RPC, child of the client's, and one a step, child of what it is part of. */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Metadata, status } from "@grpc/grpc-js";
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type SpanOptions,
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

/** An RPC or a step whose work this is. */
interface UnderWay {
  context: Context;
  span: Span;
  outer: UnderWay | undefined;
  /** Milliseconds since the epoch, by one clock for an RPC and all that is within: none of it can seem to end later. */
  now: () => number;
  over: boolean;
}

export class SpanObserver implements Observer {
  readonly #tracer: Tracer;
  readonly #current = new AsyncLocalStorage<UnderWay>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  rpc({ service, method, metadata }: RpcCall): Observation<RpcOutcome> {
    const client = w3c.extract(ROOT_CONTEXT, metadata, ofMetadata);
    const attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method };
    const rpc = this.#begin(`${service}/${method}`, client, { kind: SpanKind.SERVER, attributes });
    const { span } = rpc;
    if (span.isRecording()) addLogFields({ trace_id: span.spanContext().traceId });
    return {
      within: (run) => this.#current.run(rpc, run),
      end: ({ code, error }) => {
        span.setAttributes({ "rpc.grpc.status_code": code, ...fromLog() });
        end(rpc, failures.has(code) ? error : undefined);
      },
    };
  }

  step(step: Step): Observation<{ error?: unknown }> | undefined {
    const outer = this.#underWay();
    // What nobody waits for tells nothing.
    if (step.kind === "lock.wait" && !outer) return undefined;
    const begun = this.#begin(spanName(step), outer?.context ?? ROOT_CONTEXT, {}, outer);
    return {
      within: (run) => this.#current.run(begun, run),
      end: ({ error }) => {
        begun.span.setAttributes(spanAttributes(step));
        end(begun, error);
      },
    };
  }

  incident({ kind, attributes }: Incident): void {
    // The other kinds are no part of what is under way here.
    if (kind !== "creation.joined") return;
    const part = this.#underWay();
    part?.span.addEvent(kind, attributes, part.now());
  }

  /** What is done here and now. A watcher that an RPC left behind is no part of it any more. */
  #underWay(): UnderWay | undefined {
    let part = this.#current.getStore();
    while (part?.over) part = part.outer;
    return part;
  }

  #begin(name: string, parent: Context, options: SpanOptions, outer?: UnderWay): UnderWay {
    const now = outer?.now ?? steadyClock();
    const span = this.#tracer.startSpan(name, { ...options, startTime: now() }, parent);
    // Also where the span is not sampled: what is within must not be either.
    return { context: trace.setSpan(parent, span), span, outer, now, over: false };
  }
}

function end(part: UnderWay, error: unknown): void {
  const { span } = part;
  if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
  span.end(part.now());
  part.over = true;
}

/** The time of day at this moment, and from then on by a clock that nobody sets. */
function steadyClock(): () => number {
  const offset = Date.now() - performance.now();
  return () => offset + performance.now();
}

function fromLog(): Record<string, string> {
  const fields = logFields();
  const shared = Object.entries(sharedFields).map(([field, name]) => [name, fields[field]]);
  return Object.fromEntries(shared.filter(([, value]) => typeof value === "string"));
}
