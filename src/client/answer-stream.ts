/** The answers of an RPC that streams them, read one by one: who reads slowly makes the server wait. */
import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import type { StatusError } from "../cri/status-error.ts";

/** Iterate it once. Leaving the loop early cancels the call. Rejects with StatusError, after all answers that came before. */
export class AnswerStream<Response> implements AsyncIterable<Response> {
  /** Resolves when the server has begun to answer, which for events means: from now on none is missed. */
  readonly begun: Promise<void>;
  readonly #call: ClientReadableStream<Response>;
  #failure: StatusError | undefined;

  constructor(
    call: ClientReadableStream<Response>,
    statusError: (error: ServiceError) => StatusError,
    signal?: AbortSignal,
  ) {
    this.#call = call;
    this.begun = new Promise((resolve, reject) => {
      call.once("metadata", () => resolve());
      call.on("error", (error) => {
        this.#failure = statusError(error as ServiceError);
        reject(this.#failure);
      });
    });
    // Who only iterates learns of it there.
    this.begun.catch(() => {});
    // Until its first read grpc-js takes all that comes, however much that is.
    call.read(0);
    const cancel = () => call.cancel();
    if (signal?.aborted) cancel();
    signal?.addEventListener("abort", cancel);
    call.once("end", () => signal?.removeEventListener("abort", cancel));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Response, void> {
    try {
      yield* this.#call;
      // It may have come before anybody iterated.
      if (this.#failure) throw this.#failure;
    } catch (error) {
      throw this.#failure ?? error;
    } finally {
      this.#call.cancel();
    }
  }
}
