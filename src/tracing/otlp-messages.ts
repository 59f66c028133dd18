/** Spans as OTLP has them. */
import type { Attributes, HrTime } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

/** Bits of a span's flags: that the next one is known, and that the parent is another process's. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** The request that exports `spans`, which are of one daemon: ExportTraceServiceRequest. */
export function exportRequest(spans: readonly ReadableSpan[]): object {
  const [first] = spans;
  if (!first) return { resourceSpans: [] };
  const { name, version } = first.instrumentationScope;
  return {
    resourceSpans: [
      {
        resource: { attributes: keyValues(first.resource.attributes) },
        scopeSpans: [{ scope: { name, version }, spans: spans.map(spanMessage) }],
      },
    ],
  };
}

function spanMessage(span: ReadableSpan): object {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const parent = span.parentSpanContext;
  return {
    traceId: Buffer.from(traceId, "hex"),
    spanId: Buffer.from(spanId, "hex"),
    traceState: traceState?.serialize() ?? "",
    ...(parent && { parentSpanId: Buffer.from(parent.spanId, "hex") }),
    flags: traceFlags | HAS_IS_REMOTE | (parent?.isRemote ? IS_REMOTE : 0),
    name: span.name,
    // OTLP begins with a kind for "unspecified".
    kind: span.kind + 1,
    startTimeUnixNano: nanoseconds(span.startTime),
    endTimeUnixNano: nanoseconds(span.endTime),
    attributes: keyValues(span.attributes),
    events: span.events.map(({ name, time, attributes = {} }) => ({
      name,
      timeUnixNano: nanoseconds(time),
      attributes: keyValues(attributes),
    })),
    status: { code: span.status.code, message: span.status.message ?? "" },
  };
}

function nanoseconds([seconds, rest]: HrTime): string {
  return `${seconds}${String(rest).padStart(9, "0")}`;
}

function keyValues(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: Attributes[string]): object {
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? { intValue: value } : { doubleValue: value };
  return { stringValue: String(value) };
}
