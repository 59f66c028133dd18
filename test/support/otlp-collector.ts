/** A collector of traces for tests: takes OTLP by gRPC and keeps every span, or has a fault. */
import { Server, ServerCredentials, type ServiceDefinition, type sendUnaryData } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** A span as it came, ids in hexadecimal. */
export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  traceState: string;
  name: string;
  kind: string;
  startTimeUnixNano: bigint;
  endTimeUnixNano: bigint;
  attributes: Record<string, unknown>;
  status: { code: string; message: string };
  /** Attributes of what it came from. */
  resource: Record<string, unknown>;
}

type RawSpan = Pick<CollectedSpan, "traceState" | "name" | "kind" | "status"> & {
  traceId: Buffer;
  spanId: Buffer;
  parentSpanId: Buffer;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: KeyValue[];
};
type KeyValue = { key: string; value: { value: string; [field: string]: unknown } };
interface ExportRequest {
  resourceSpans: { resource: { attributes: KeyValue[] }; scopeSpans: { spans: RawSpan[] }[] }[];
}

const proto = new URL("../../proto/opentelemetry/trace_service.proto", import.meta.url).pathname;

export class OtlpCollector {
  readonly spans: CollectedSpan[] = [];
  readonly #server = new Server();
  readonly #fault: "down" | "hanging" | undefined;
  /** HOST:PORT, once it listens. */
  address = "";

  /** At the address of one that is down nobody answers; one that is hanging takes requests, and never answers. */
  constructor(fault?: "down" | "hanging") {
    this.#fault = fault;
  }

  /** Answers its address. */
  async listen(): Promise<string> {
    const service = loadSync(proto, { longs: String, enums: String, defaults: true, oneofs: true })[
      "opentelemetry.proto.collector.trace.v1.TraceService"
    ] as ServiceDefinition;
    this.#server.addService(service, {
      Export: ({ request }: { request: ExportRequest }, answer: sendUnaryData<object>) => {
        if (this.#fault) return;
        this.spans.push(...spansOf(request));
        answer(null, {});
      },
    });
    const port = await new Promise<number>((resolve, reject) =>
      this.#server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    if (this.#fault === "down") this.stop();
    this.address = `127.0.0.1:${port}`;
    return this.address;
  }

  /** The spans of a trace. */
  trace(traceId: string): CollectedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

function spansOf({ resourceSpans }: ExportRequest): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        traceId: span.traceId.toString("hex"),
        spanId: span.spanId.toString("hex"),
        parentSpanId: span.parentSpanId.toString("hex"),
        startTimeUnixNano: BigInt(span.startTimeUnixNano),
        endTimeUnixNano: BigInt(span.endTimeUnixNano),
        attributes: plain(span.attributes),
        resource: plain(resource.attributes),
      })),
    ),
  );
}

function plain(attributes: KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value[value.value]]));
}
