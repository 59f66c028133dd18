/** Sends spans to a collector: OTLP by gRPC, in plaintext as CRI-O does. */
import { fileURLToPath } from "node:url";
import {
  Client,
  type ClientUnaryCall,
  credentials,
  type MethodDefinition,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { log } from "../log.ts";
import { exportRequest } from "./otlp-messages.ts";
import type { SpanSender } from "./span-queue.ts";

interface ExportResponse {
  partialSuccess: { rejectedSpans: number; errorMessage: string } | null;
}

const file = fileURLToPath(new URL("../../proto/opentelemetry/trace_service.proto", import.meta.url));

/** After these a request may be sent once more (OTLP specification, "Failures" of OTLP/gRPC). */
const retryable = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

export class OtlpSender implements SpanSender {
  readonly #client: Client;
  readonly #export: MethodDefinition<object, ExportResponse>;
  #call: ClientUnaryCall | undefined;

  /** `endpoint`: HOST:PORT, or a Unix socket as `unix:PATH`. It is connected to when there is something to send. */
  constructor(endpoint: string) {
    const service = loadSync(file, { longs: Number, defaults: true })[
      "opentelemetry.proto.collector.trace.v1.TraceService"
    ];
    this.#export = (service as unknown as { Export: MethodDefinition<object, ExportResponse> }).Export;
    // The proxy of the environment is for registries: grpc-js would reach even a collector on loopback through it.
    this.#client = new Client(endpoint, credentials.createInsecure(), { "grpc.enable_http_proxy": 0 });
  }

  send(spans: readonly ReadableSpan[], timeoutMs: number): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = this.#export;
    const deadline = Date.now() + timeoutMs;
    return new Promise((resolve, reject) => {
      this.#call = this.#client.makeUnaryRequest<object, ExportResponse>(
        path,
        requestSerialize,
        responseDeserialize,
        exportRequest(spans),
        { deadline },
        (error, answer) => {
          if (error) return reject(error);
          reportRejected(answer);
          resolve();
        },
      );
    });
  }

  mayRetry(error: unknown): boolean {
    return retryable.has((error as ServiceError).code);
  }

  close(): void {
    // It would keep the process until its deadline.
    this.#call?.cancel();
    this.#client.close();
  }
}

function reportRejected(answer: ExportResponse | undefined): void {
  const { rejectedSpans, errorMessage } = answer?.partialSuccess ?? { rejectedSpans: 0, errorMessage: "" };
  if (rejectedSpans === 0 && errorMessage === "") return;
  log.warn("the collector of traces did not take all", { rejected: rejectedSpans, reason: errorMessage });
}
