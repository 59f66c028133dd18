/** Server streaming: answers go out one after the other, no faster than the client takes them. */
import { Metadata, type ServerWritableStream } from "@grpc/grpc-js";

/** The part of a call that is answered with a stream. */
export type StreamCall = Pick<
  ServerWritableStream<unknown, Buffer>,
  "sendMetadata" | "write" | "end" | "emit"
>;

/**
 * Sends all answers, each by `encode` when the one before has left, and ends the call. Rejects with the signal's reason as soon
 * as it is aborted, with the call still open.
 */
export async function sendAnswers<Answer>(
  call: StreamCall,
  answers: Iterable<Answer> | AsyncIterable<Answer>,
  encode: (answer: Answer) => Buffer,
  signal: AbortSignal,
): Promise<void> {
  // The client may wait for it to know that it is heard.
  call.sendMetadata(new Metadata());
  for await (const answer of answers) await send(call, encode(answer), signal);
  call.end();
}

function send(call: StreamCall, answer: Buffer, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    // Of a call that is cancelled it is never called.
    call.write(answer, () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
  });
}
