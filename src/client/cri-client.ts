/** A client of the CRI with one typed function an RPC. */
import { Client, credentials, type ServiceDefinition, type ServiceError, status } from "@grpc/grpc-js";
import type { ImageServiceMethods, RuntimeServiceMethods } from "../cri/messages.ts";
import { type Init, loadCri } from "../cri/proto.ts";
import { StatusError } from "../cri/status-error.ts";
import { AnswerStream } from "./answer-stream.ts";

export interface CallOptions {
  /** Milliseconds after which the call fails with DEADLINE_EXCEEDED; by default the client's limit. */
  timeout?: number;
  /** Cancels the call, which then rejects with CANCELLED. */
  signal?: AbortSignal;
}

/** One function for each RPC; absent fields of the request take their defaults. */
export type Calls<Methods> = {
  [Name in keyof Methods]: Methods[Name] extends { request: infer Request; response: infer Response }
    ? (
        request?: Init<Request>,
        options?: CallOptions,
      ) => Methods[Name] extends { stream: true } ? AnswerStream<Response> : Promise<Response>
    : never;
};

/** A connection to a CRI socket. Calls reject with StatusError, which has the server's code and message. */
export class CriClient {
  readonly runtime: Calls<RuntimeServiceMethods>;
  readonly image: Calls<ImageServiceMethods>;
  readonly #client: Client;
  readonly #timeout: number | undefined;

  /**
   * `socket` is a path, or a URL as crictl writes it (`unix:///run/critter/critter.sock`). Calls that answer once have no
   * limit of time unless `timeout`, in milliseconds, is one.
   */
  constructor(socket: string, timeout?: number) {
    this.#timeout = timeout;
    const path = socket.replace(/^unix:(\/\/)?/, "");
    this.#client = new Client(`unix:${path}`, credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      // A local daemon that starts is there in a moment; the default is a second.
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 1000,
    });
    const { RuntimeService, ImageService } = loadCri();
    this.runtime = this.#calls(
      RuntimeService as unknown as ServiceDefinition,
      path,
    ) as unknown as typeof this.runtime;
    this.image = this.#calls(
      ImageService as unknown as ServiceDefinition,
      path,
    ) as unknown as typeof this.image;
  }

  close(): void {
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #calls(service: ServiceDefinition, path: string): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(service).map(([name, method]) => [
        name,
        (request: object = {}, options: CallOptions = {}) =>
          method.responseStream
            ? this.#stream(method, path, request, options)
            : this.#call(method, path, request, options),
      ]),
    );
  }

  #call(
    method: ServiceDefinition[string],
    path: string,
    request: object,
    { timeout = this.#timeout, signal }: CallOptions,
  ): Promise<object> {
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        deadlineIn(timeout),
        (error, response) => {
          signal?.removeEventListener("abort", cancel);
          if (error) reject(statusError(error, path));
          else resolve(response as object);
        },
      );
      const cancel = () => call.cancel();
      if (signal?.aborted) cancel();
      signal?.addEventListener("abort", cancel);
    });
  }

  #stream(
    method: ServiceDefinition[string],
    path: string,
    request: object,
    { timeout, signal }: CallOptions,
  ): AnswerStream<object> {
    const call = this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      deadlineIn(timeout),
    );
    return new AnswerStream(call, (error) => statusError(error, path), signal);
  }
}

function deadlineIn(timeout: number | undefined): { deadline?: number } {
  return timeout === undefined ? {} : { deadline: Date.now() + timeout };
}

function statusError(error: ServiceError, path: string): StatusError {
  return new StatusError(error.code, messageOf(error, path), { cause: error });
}

function messageOf(
  { code, details, message }: Error & { code?: status; details?: string },
  path: string,
): string {
  // What Node ends a stream with is no word of the server's.
  if (details === undefined) return message;
  // The daemon may have a deadline of its own; this is grpc-js's word for the client's.
  if (details.startsWith("Deadline exceeded after")) return `no answer in time from ${path}: ${details}`;
  if (code !== status.UNAVAILABLE || !details.includes("No connection established")) return details;
  return details.includes("EACCES")
    ? `no permission to connect to ${path}`
    : `nothing answers at ${path}; is the daemon running?`;
}
