/** A channel's data as Node streams, with back-pressure through the connection. */
import { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { Codec } from "./codec.ts";
import type { Connection } from "./connection.ts";

/** What the client sends on a channel. The client is held back while 64 KiB or a longer message wait to be read. */
export class ChannelInput extends Readable {
  readonly #connection: Connection;
  #ended = false;

  constructor(connection: Connection) {
    super();
    this.#connection = connection;
    endWith(this, connection);
  }

  receive(data: Buffer): void {
    if (data.length === 0 || this.destroyed || this.#ended) return;
    if (!this.push(data)) this.#connection.hold(this);
  }

  /** The client has closed the channel; what it sends on it from now on is ignored. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.push(null);
  }

  override _read(): void {
    this.#connection.release(this);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#connection.release(this);
    done(error);
  }
}

/** What the client is sent on a channel; each chunk is written when the kernel has taken its message. */
export class ChannelOutput extends Writable {
  readonly #connection: Connection;
  readonly #encode: (data: Buffer) => Buffer | string;

  constructor(connection: Connection, codec: Codec, channel: number) {
    super();
    this.#connection = connection;
    this.#encode = codec.encoder(channel);
    endWith(this, connection);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#connection.send(this.#encode(chunk), done);
  }

  /** Ends the stream and resolves when all of it was sent, or cannot be any more. */
  async flush(): Promise<void> {
    if (!this.writableEnded) this.end();
    await finished(this, { readable: false }).catch(() => {});
  }
}

/** Destroys a stream when the client is gone; nobody needs to listen for that error. */
function endWith(stream: Readable | Writable, connection: Connection): void {
  stream.on("error", () => {});
  const destroy = () => stream.destroy(new Error("the client's connection is closed"));
  if (connection.gone.aborted) destroy();
  else connection.gone.addEventListener("abort", destroy, { once: true });
}
