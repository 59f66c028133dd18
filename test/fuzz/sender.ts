/** Sends requests as bytes, whatever these are, and tells how they are answered. */
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import type { Rpc } from "./schema.ts";

export interface Outcome {
  code: keyof typeof status;
  /** The error's; empty for OK. */
  message: string;
  answers: Buffer[];
  milliseconds: number;
}

const same = (bytes: Buffer) => bytes;

export class Sender {
  readonly #client: Client;

  constructor(socket: string) {
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      "grpc.use_local_subchannel_pool": 1,
    });
  }

  /** A stream is taken for at most `patienceMs`, then cut off. DEADLINE_EXCEEDED for what takes longer than `deadlineMs`. */
  async send(rpc: Rpc, bytes: Buffer, deadlineMs = 30_000, patienceMs = 30): Promise<Outcome> {
    const began = performance.now();
    const answers: Buffer[] = [];
    const error = await (rpc.streams
      ? this.#stream(rpc, bytes, answers, patienceMs)
      : this.#call(rpc, bytes, answers, deadlineMs));
    const code = status[error?.code ?? status.OK] as keyof typeof status;
    return { code, message: error?.details ?? "", answers, milliseconds: performance.now() - began };
  }

  #call({ path }: Rpc, bytes: Buffer, answers: Buffer[], deadlineMs: number): Promise<ServiceError | null> {
    const options = { deadline: Date.now() + deadlineMs };
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(path, same, same, bytes, options, (error, answer) => {
        if (answer) answers.push(answer);
        resolve(error);
      });
    });
  }

  #stream({ path }: Rpc, bytes: Buffer, answers: Buffer[], patienceMs: number): Promise<ServiceError | null> {
    return new Promise((resolve) => {
      const call = this.#client.makeServerStreamRequest(path, same, same, bytes);
      const timer = setTimeout(() => call.cancel(), patienceMs);
      const end = (error: ServiceError | null) => {
        clearTimeout(timer);
        resolve(error?.code === status.CANCELLED ? null : error);
      };
      call.on("data", (answer: Buffer) => answers.push(answer));
      call.on("error", end);
      call.on("end", () => end(null));
    });
  }

  close(): void {
    this.#client.close();
  }
}
