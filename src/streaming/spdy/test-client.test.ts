/** A SPDY/3.1 client for tests, and both ends of a connection over a socket of loopback. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { SpdyConnection, type SpdyOptions } from "./connection.ts";
import { type Frame, FrameReader } from "./frame-reader.ts";
import { controlWithFlags, dataHeader, FLAG_FIN, FrameType, goAway, rstStream, words } from "./frames.ts";
import { HeaderEncoder } from "./header-block.ts";

/** What a client has seen of one of its streams. */
interface Received {
  replied: boolean;
  data: Buffer[];
  bytes: number;
  ended: boolean;
  resetStatus: number | undefined;
}

export class SpdyTestClient {
  readonly socket: Duplex;
  /** Every frame received, data aside. */
  readonly frames: Frame[] = [];
  /** Keep what is received; switch off to pass much data. */
  collect = true;
  closed = false;
  readonly #reader = new FrameReader();
  readonly #encoder = new HeaderEncoder();
  readonly #streams = new Map<number, Received>();
  readonly #waiting = new Set<() => void>();
  #nextId = 1;

  constructor(socket: Duplex) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.#reader.push(chunk);
      for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) this.#note(frame);
      this.#wake();
    });
    const closed = () => {
      this.closed = true;
      this.#wake();
    };
    socket.on("end", closed).on("close", closed);
  }

  /** Opens a stream, and returns its id. */
  open(headers: Record<string, string>, options: { fin?: boolean } = {}): number {
    const id = this.#nextId;
    this.#nextId += 2;
    const block = this.#encoder.encode(new Map(Object.entries(headers)));
    const flags = options.fin ? FLAG_FIN : 0;
    this.send(controlWithFlags(FrameType.synStream, flags, words(id, 0), Buffer.alloc(2), block));
    return id;
  }

  /** Sends data on a stream; false asks to wait for `drain` of the socket, as a Writable does. */
  write(id: number, data: string | Buffer, fin = false): boolean {
    const payload = Buffer.from(data);
    this.socket.write(dataHeader(id, payload.length, fin));
    return this.socket.write(payload);
  }

  end(id: number): void {
    this.send(dataHeader(id, 0, true));
  }

  reset(id: number): void {
    this.send(rstStream(id, 5));
  }

  goAway(): void {
    this.send(goAway(0, 0));
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  stream(id: number): Received {
    const known = this.#streams.get(id);
    if (known) return known;
    const stream = { replied: false, data: [], bytes: 0, ended: false, resetStatus: undefined };
    this.#streams.set(id, stream);
    return stream;
  }

  /** All that was received on a stream, once it has ended or is reset. */
  async output(id: number): Promise<string> {
    await this.until(() => this.stream(id).ended || this.stream(id).resetStatus !== undefined);
    return Buffer.concat(this.stream(id).data).toString();
  }

  /** Settles when it has come true of what was received; rejects when the connection closes before. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.closed) throw new Error("the connection has closed");
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
    }
  }

  async untilClosed(): Promise<void> {
    if (!this.closed) await this.until(() => this.closed);
  }

  #note(frame: Frame): void {
    if (frame.kind === "data") {
      const stream = this.stream(frame.streamId);
      if (this.collect) stream.data.push(frame.payload);
      stream.bytes += frame.payload.length;
      stream.ended ||= frame.fin;
      return;
    }
    this.frames.push(frame);
    if (frame.kind === "syn-reply") this.stream(frame.streamId).replied = true;
    if (frame.kind === "rst-stream") this.stream(frame.streamId).resetStatus = frame.status;
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}

/** Both ends of a connection over a real socket. */
export interface SpdyPair extends AsyncDisposable {
  client: SpdyTestClient;
  connection: SpdyConnection;
  /** The server's socket. */
  socket: Socket;
}

/** `using` it destroys both sockets. */
export async function spdyPair(options: SpdyOptions = {}): Promise<SpdyPair> {
  const listener = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address() as { port: number };
  const outgoing = connect({ port: address.port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  const [socket] = (await once(listener, "connection")) as [Socket];
  listener.close();
  const client = new SpdyTestClient(outgoing);
  const connection = new SpdyConnection(socket, options);
  return {
    client,
    connection,
    socket,
    async [Symbol.asyncDispose]() {
      outgoing.destroy();
      connection.destroy();
      if (!socket.closed) await once(socket, "close");
    },
  };
}
