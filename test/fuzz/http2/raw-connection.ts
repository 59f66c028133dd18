/** A connection to the daemon's socket that says what it likes. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export class RawConnection {
  readonly #socket: Socket;
  #received = 0;
  #closed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#closed = true;
    });
  }

  /** `reads` false leaves unread what the daemon sends. Waits where more have come than the daemon has taken in. */
  static async open(path: string, reads = true): Promise<RawConnection> {
    const socket = await connected(path);
    const connection = new RawConnection(socket);
    if (reads) {
      socket.on("data", (chunk: Buffer) => {
        connection.#received += chunk.length;
      });
    }
    return connection;
  }

  get received(): number {
    return this.#received;
  }

  /** Whether the daemon has closed it. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Sends as fast as the daemon takes it; what it does not take within five seconds is dropped, and false answered. */
  async send(...parts: Buffer[]): Promise<boolean> {
    const bytes = Buffer.concat(parts);
    for (let at = 0; at < bytes.length && !this.#closed; at += 65_536) {
      if (this.#socket.write(bytes.subarray(at, at + 65_536))) continue;
      if (!(await this.#drained())) return false;
    }
    return !this.#closed;
  }

  #drained(): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (taken: boolean) => () => {
        clearTimeout(timer);
        this.#socket.off("drain", drained).off("close", closed);
        resolve(taken);
      };
      const [drained, closed] = [settle(true), settle(false)];
      const timer = setTimeout(closed, 5000);
      this.#socket.once("drain", drained).once("close", closed);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

async function connected(path: string): Promise<Socket> {
  for (;;) {
    const socket = connect(path);
    try {
      await once(socket, "connect");
      return socket;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      await sleep(20);
    }
  }
}
