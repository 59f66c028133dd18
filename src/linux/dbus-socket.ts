/** A Unix socket that carries D-Bus messages, once the server has recognized the process at its other end by its credentials. */
import { connect, type Socket } from "node:net";
import { type DbusMessage, decodeMessage, encodeMessage } from "./dbus-message.ts";

export type DbusListener = (message: DbusMessage) => void;

/** Give it a listener before its first message can come: as soon as it is opened. */
export class DbusSocket {
  onMessage: DbusListener = () => {};
  /** Resolves with the reason when the connection has ended. */
  readonly ended: Promise<Error>;
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.ended = promise;
    socket.on("error", resolve);
    socket.on("close", () => resolve(new Error("the D-Bus connection was closed")));
  }

  /** Connects to the socket at `path` and authenticates as this process's user. */
  static async open(path: string): Promise<DbusSocket> {
    const socket = connect({ path });
    const opened = new DbusSocket(socket);
    const failed = opened.ended.then((reason) => {
      throw reason;
    });
    const user = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
    // BEGIN goes along at once: systemd's own socket forgets a message that comes in one piece with it.
    socket.write(`\0AUTH EXTERNAL ${user}\r\nBEGIN\r\n`);
    const answer = await Promise.race([firstLine(socket), failed]);
    if (!answer.startsWith("OK ")) {
      socket.destroy();
      throw new Error(`${path} does not authenticate this process: ${answer}`);
    }
    socket.on("data", (chunk) => opened.#receive(chunk));
    // Nobody waits for what may never come; who waits for an answer is waited for by others.
    socket.unref();
    return opened;
  }

  send(message: DbusMessage): void {
    this.#socket.write(encodeMessage(message));
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    try {
      for (;;) {
        const decoded = decodeMessage(this.#received);
        if (!decoded) return;
        this.#received = this.#received.subarray(decoded.length);
        this.onMessage(decoded.message);
      }
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
  }
}

/** The server says no more until it has been asked something. */
function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let line = "";
    const onData = (chunk: Buffer) => {
      line += chunk.toString("latin1");
      if (!line.endsWith("\r\n")) return;
      socket.off("data", onData);
      resolve(line.trim());
    };
    socket.on("data", onData);
  });
}
