/** A byte stream as the binary messages of a WebSocket: what client-go tunnels SPDY through. */
import { Duplex } from "node:stream";
import type { Connection } from "./connection.ts";
import { closeCode, MalformedMessage } from "./malformed-message.ts";

/** Where messages begin and end means nothing. Ending or destroying the tunnel closes the connection. */
export class Tunnel extends Duplex {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    super();
    this.#connection = connection;
    connection.onMessage((message, isText) => {
      if (isText) throw new MalformedMessage(closeCode.unsupportedData, "text message in a SPDY tunnel");
      if (message.length > 0 && !this.push(message)) connection.hold(this);
    });
    if (connection.gone.aborted) this.#close();
    else connection.gone.addEventListener("abort", () => this.#close(), { once: true });
  }

  override _read(): void {
    this.#connection.release(this);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#connection.send(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#connection.sendAll(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#connection.finish().then(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#connection.drop();
    done(error);
  }

  /** The connection is gone: what was received is still to be read by who reads without delay. */
  #close(): void {
    if (this.destroyed) return;
    this.push(null);
    this.destroy();
  }
}
