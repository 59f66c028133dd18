/** The gRPC server on the Unix socket: one handler an RPC, a log line a call, and an orderly end. */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  setLogger,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { listenAtSocket } from "../linux/socket-path.ts";
import { log, withLogFields } from "../log.ts";
import { observeRpc, type RpcOutcome } from "../observation.ts";
import type { MessageShapes } from "./message-shape.ts";
import type { ImageServiceMethods, RuntimeServiceMethods } from "./messages.ts";
import { type CriDefinitions, type Init, loadCri } from "./proto.ts";
import { refuseCompression } from "./refuse-compression.ts";
import { codeOf, detailsOf, invalidArgument, messageOf, StatusError } from "./status-error.ts";
import { sendAnswers } from "./stream-answer.ts";
import { checkWire } from "./wire-check.ts";

/** What an RPC is answered with: a message, or one that is encoded already. */
export type Answer<Response> = Init<Response> | Buffer;

/** What an RPC with a streamed response is answered with; `signal` is aborted when it is cut off. */
export type Answers<Response> = Iterable<Answer<Response>> | AsyncIterable<Answer<Response>>;

/** One handler an RPC; those absent answer UNIMPLEMENTED. */
export type Handlers<Methods> = {
  [Name in keyof Methods]?: Methods[Name] extends { request: infer Request; response: infer Response }
    ? Methods[Name] extends { stream: true }
      ? (request: Request, signal: AbortSignal) => Answers<Response>
      : (request: Request) => Answer<Response> | Promise<Answer<Response>>
    : never;
};

type UnaryHandler = (request: unknown) => unknown;
type StreamHandler = (request: unknown, signal: AbortSignal) => Answers<unknown>;

interface Method {
  path: string;
  responseStream: boolean;
  requestType: { type: object };
  requestDeserialize(bytes: Buffer): unknown;
  responseSerialize(answer: unknown): Buffer;
}

/** A call under way: how it is answered, and how refused where that fails. */
interface Call {
  metadata: Metadata;
  /** Aborted when the call is cut off, by its client or the daemon's end. */
  signal?: AbortSignal;
  answer(): Promise<void>;
  refuse(refusal: { code: status; details: string; metadata: Metadata }): void;
}

export interface CriServerOptions {
  socket: string;
  maxSendBytes: number;
  maxReceiveBytes: number;
}

/** Calls at once of one connection, and there are few: a client holds back what is more. The kubelet has some of each pod. */
const MOST_CALLS = 1000;

/** RPCs that only read: they are asked for every second, so their lines are for debugging. */
const reads = /^(Version|Status|RuntimeConfig|List.*|Stream.*|.*Status|.*Stats|ImageFsInfo)$/;

/** Serves the CRI on a Unix socket of mode 0660. */
export class CriServer {
  readonly #server: Server;
  readonly #options: CriServerOptions;
  readonly #running = new Set<Promise<unknown>>();
  /** Of the calls that are being answered with a stream. */
  readonly #streams = new Set<AbortController>();

  constructor(
    options: CriServerOptions,
    runtime: Handlers<RuntimeServiceMethods>,
    image: Handlers<ImageServiceMethods>,
    definitions: CriDefinitions = loadCri(),
  ) {
    this.#options = options;
    // It would write lines of its own, with what a client has sent.
    setLogger({ error: (complaint: unknown) => log.warn("gRPC", { complaint: String(complaint) }) });
    this.#server = new Server({
      "grpc.max_send_message_length": options.maxSendBytes,
      "grpc.max_receive_message_length": options.maxReceiveBytes,
      "grpc.max_concurrent_streams": MOST_CALLS,
      interceptors: [refuseCompression],
    });
    this.#add(definitions.RuntimeService, runtime, definitions.shapes);
    this.#add(definitions.ImageService, image, definitions.shapes);
  }

  /** Binds the socket, in place of one left behind, and begins to answer. Rejects where that cannot be. */
  async listen(): Promise<void> {
    const { socket } = this.#options;
    const bind = () =>
      new Promise<void>((resolve, reject) => {
        this.#server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
          error ? reject(error) : resolve(),
        );
      });
    await listenAtSocket(socket, bind);
  }

  /** Takes no more calls, cuts streams off, waits until the other calls are over (their clients may have gone), and removes the socket. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    for (const stream of this.#streams) {
      stream.abort(new StatusError(status.UNAVAILABLE, "critter is stopping"));
    }
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    const patience = setTimeout(() => this.#server.forceShutdown(), 1000);
    await closed;
    clearTimeout(patience);
    rmSync(this.#options.socket, { force: true });
  }

  #add<Methods>(
    definition: CriDefinitions["RuntimeService" | "ImageService"],
    handlers: Handlers<Methods>,
    shapes: MessageShapes,
  ): void {
    const implementation: UntypedServiceImplementation = {};
    const present = handlers as Record<string, UnaryHandler | StreamHandler | undefined>;
    const methods = Object.entries(definition) as [string, Method][];
    for (const [name, method] of methods) {
      const handler = present[name];
      if (!handler) continue;
      implementation[name] = method.responseStream
        ? this.#stream(method, handler as StreamHandler)
        : this.#unary(method, handler as UnaryHandler);
    }
    const encoded = methods.map(([name, method]) => [
      name,
      { ...method, requestDeserialize: reader(method, shapes), responseSerialize: (bytes: Buffer) => bytes },
    ]);
    this.#server.addService(Object.fromEntries(encoded), implementation);
  }

  #unary(method: Method, handler: UnaryHandler): handleUnaryCall<unknown, Buffer> {
    const run = this.#runner(method);
    return (call, respond) =>
      run({
        metadata: call.metadata,
        answer: async () => respond(null, this.#encoded(method, await handler(read(call.request)))),
        refuse: (refusal) => respond(refusal),
      });
  }

  #stream(method: Method, handler: StreamHandler): handleServerStreamingCall<unknown, Buffer> {
    const run = this.#runner(method);
    return (call) => {
      const stream = new AbortController();
      const { signal } = stream;
      this.#streams.add(stream);
      call.on("cancelled", () => stream.abort(new StatusError(status.CANCELLED, "the client has gone")));
      run({
        metadata: call.metadata,
        signal,
        answer: async () => {
          try {
            const answers = handler(read(call.request), signal);
            await sendAnswers(call, answers, (answer) => this.#encoded(method, answer), signal);
          } finally {
            this.#streams.delete(stream);
          }
        },
        refuse: (refusal) => call.emit("error", refusal),
      });
    };
  }

  /** An answer as it goes out. grpc-js would name neither the RPC nor the key. */
  #encoded({ path, responseSerialize }: Method, answer: unknown): Buffer {
    const bytes = Buffer.isBuffer(answer) ? answer : responseSerialize(answer);
    const limit = this.#options.maxSendBytes;
    if (bytes.length <= limit) return bytes;
    const rpc = path.slice(path.lastIndexOf("/") + 1);
    const way = rpc.startsWith("List")
      ? "; a filter makes it smaller, and the Stream RPCs answer in parts"
      : "";
    throw new StatusError(
      status.RESOURCE_EXHAUSTED,
      `the answer of ${rpc} has ${bytes.length} bytes, more than grpc_max_send_msg_size, ${limit}${way}`,
    );
  }

  /** Runs the calls of a method, before those who observe, with a line in the log each. */
  #runner({ path, responseStream: streaming }: Method): (call: Call) => void {
    const [, service, rpc] = path.split("/") as [string, string, string];
    const level = reads.test(rpc) ? "debug" : "info";
    return ({ metadata, signal, answer, refuse }) => {
      const started = performance.now();
      const fields = { rpc, request_id: randomBytes(4).toString("hex") };
      const finished = () => ({ duration_ms: Math.round((performance.now() - started) * 10) / 10 });
      const answering = async (): Promise<RpcOutcome> => {
        try {
          await answer();
          log[level]("answered", finished());
          return { code: status.OK };
        } catch (error) {
          const code = codeOf(error);
          const details = detailsOf(error);
          const failure = { ...finished(), code: status[code], error: details };
          if (signal?.aborted) log[level]("cut off", failure);
          // After each removal the kubelet looks once more for what it has removed.
          else if (code === status.NOT_FOUND && level === "debug") log.debug("failed", failure);
          else log.error("failed", failure);
          if (code === status.UNKNOWN) log.debug("stack of the failure", { stack: (error as Error)?.stack });
          refuse({ code, details, metadata: new Metadata() });
          return { code, error };
        }
      };
      const observed = { service, method: rpc, streaming, metadata };
      const work = withLogFields(fields, () => observeRpc(observed, answering));
      this.#running.add(work);
      work.finally(() => this.#running.delete(work));
    };
  }
}

/** Decodes requests of a method. What cannot be read becomes the error, which `read` throws: grpc-js would call it INTERNAL. */
function reader(
  { requestType, requestDeserialize }: Method,
  shapes: MessageShapes,
): (bytes: Buffer) => unknown {
  const shape = shapes.get((requestType.type as { name: string }).name);
  return (bytes) => {
    try {
      checkWire(shape, bytes);
      return requestDeserialize(bytes);
    } catch (error) {
      return error instanceof StatusError
        ? error
        : invalidArgument("the request", `${bytes.length} bytes`, messageOf(error));
    }
  };
}

function read(request: unknown): unknown {
  if (request instanceof StatusError) throw request;
  return request;
}
