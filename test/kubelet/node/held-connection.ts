/** A connection to a pod that is held over what happens meanwhile, and still carries what is said. */
import { connect, type Socket } from "node:net";

/** Command of a container that sends back what it is sent, on this port. */
export function echoServer(port: number): string[] {
  return ["nc", "-ll", "-p", String(port), "-e", "cat"];
}

export class HeldConnection {
  readonly #socket: Socket;
  #closed: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("close", () => (this.#closed ??= new Error("the connection was closed")));
    socket.on("error", (error) => (this.#closed = error));
  }

  static async open(host: string, port: number): Promise<HeldConnection> {
    const socket = connect({ host, port });
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new HeldConnection(socket);
  }

  /** Rejects where the answer is another, or the connection is closed, or nothing comes within ten seconds. */
  async echoes(text: string): Promise<void> {
    if (this.#closed) throw this.#closed;
    this.#socket.write(text);
    let answer = "";
    const late = AbortSignal.timeout(10_000);
    while (answer.length < text.length) {
      answer += await new Promise<string>((resolve, reject) => {
        late.addEventListener("abort", () =>
          reject(new Error(`the pod sent ${JSON.stringify(answer)} of ${text}`)),
        );
        this.#socket.once("data", (data) => resolve(data.toString()));
        this.#socket.once("close", () => reject(this.#closed));
      });
    }
    if (answer !== text) throw new Error(`${JSON.stringify(answer)} came back for ${JSON.stringify(text)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }
}
