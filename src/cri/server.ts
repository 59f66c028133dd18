/** The gRPC server on the Unix socket: one handler an RPC, a log line a call, and an orderly end. */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import {
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { log, withLogFields } from "../log.ts";
import { observeRpc, type RpcOutcome } from "../observation.ts";
import type { ImageServiceMethods, RuntimeServiceMethods } from "./messages.ts";
import { type CriDefinitions, type Init, loadCri } from "./proto.ts";
import { codeOf, messageOf } from "./status-error.ts";

/** What an RPC is answered with: a message, or one that is encoded already. */
export type Answer<Response> = Init<Response> | Buffer;

/** One handler an RPC; those absent answer UNIMPLEMENTED. */
export type Handlers<Methods> = {
  [Name in keyof Methods]?: Methods[Name] extends { request: infer Request; response: infer Response }
    ? (request: Request) => Answer<Response> | Promise<Answer<Response>>
    : never;
};

export interface CriServerOptions {
  socket: string;
  maxSendBytes: number;
  maxReceiveBytes: number;
}

/** RPCs that only read: they are asked for every second, so their lines are for debugging. */
const reads = /^(Version|Status|RuntimeConfig|List.*|.*Status|.*Stats|ImageFsInfo)$/;

/** Serves the CRI on a Unix socket of mode 0660. */
export class CriServer {
  readonly #server: Server;
  readonly #options: CriServerOptions;
  readonly #running = new Set<Promise<unknown>>();

  constructor(
    options: CriServerOptions,
    runtime: Handlers<RuntimeServiceMethods>,
    image: Handlers<ImageServiceMethods>,
    definitions: CriDefinitions = loadCri(),
  ) {
    this.#options = options;
    this.#server = new Server({
      "grpc.max_send_message_length": options.maxSendBytes,
      "grpc.max_receive_message_length": options.maxReceiveBytes,
    });
    this.#add(definitions.RuntimeService, runtime);
    this.#add(definitions.ImageService, image);
  }

  /** Binds the socket, in place of one left behind, and begins to answer. */
  async listen(): Promise<void> {
    const { socket } = this.#options;
    mkdirSync(dirname(socket), { recursive: true, mode: 0o755 });
    rmSync(socket, { force: true });
    const umask = process.umask(0o117);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
          error ? reject(error) : resolve(),
        );
      });
    } finally {
      process.umask(umask);
    }
    chmodSync(socket, 0o660);
  }

  /** Takes no more calls, waits until those under way are over (their clients may have gone), and removes the socket. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    const patience = setTimeout(() => this.#server.forceShutdown(), 1000);
    await closed;
    clearTimeout(patience);
    rmSync(this.#options.socket, { force: true });
  }

  #add<Methods>(definition: CriDefinitions[keyof CriDefinitions], handlers: Handlers<Methods>): void {
    const implementation: UntypedServiceImplementation = {};
    const present = handlers as Record<string, ((request: unknown) => unknown) | undefined>;
    for (const [name, { path }] of Object.entries(definition)) {
      const handler = present[name];
      if (handler) implementation[name] = this.#unary(path, handler);
    }
    const methods = Object.entries(definition).map(([name, method]) => [
      name,
      {
        ...method,
        responseSerialize: (answer: object) =>
          Buffer.isBuffer(answer) ? answer : method.responseSerialize(answer as never),
      },
    ]);
    this.#server.addService(Object.fromEntries(methods), implementation);
  }

  #unary(path: string, handler: (request: unknown) => unknown): handleUnaryCall<unknown, unknown> {
    const [, service, rpc] = path.split("/") as [string, string, string];
    const level = reads.test(rpc) ? "debug" : "info";
    return (call, respond) => {
      const started = performance.now();
      const fields = { rpc, request_id: randomBytes(4).toString("hex") };
      const finished = () => ({ duration_ms: Math.round((performance.now() - started) * 10) / 10 });
      const answering = async (): Promise<RpcOutcome> => {
        try {
          const answer = await handler(call.request);
          log[level]("answered", finished());
          respond(null, answer);
          return { code: status.OK };
        } catch (error) {
          const code = codeOf(error);
          log.error("failed", { ...finished(), code: status[code], error: messageOf(error) });
          if (code === status.UNKNOWN) log.debug("stack of the failure", { stack: (error as Error)?.stack });
          respond({ code, details: messageOf(error), metadata: new Metadata() });
          return { code, error };
        }
      };
      const observed = { service, method: rpc, streaming: false, metadata: call.metadata };
      const work = withLogFields(fields, () => observeRpc(observed, answering));
      this.#running.add(work);
      work.finally(() => this.#running.delete(work));
    };
  }
}
