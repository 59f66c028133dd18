/** What the tests of this folder share: a server on loopback, a client of it, commands that are real processes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { WebSocket } from "ws";
import type { CommandSession, PortForwardSession, Session } from "../session.ts";
import { acceptWebSocket } from "./accept.ts";

/** Serves each connection the session that `sessionOf` makes for its URL. */
export class TestServer {
  readonly #server: Server;
  readonly #stop = new AbortController();
  readonly #sockets = new Set<Socket>();
  /** What acceptWebSocket came to, in order: undefined, or the error that it rejected with. */
  readonly served: Promise<Error | undefined>[] = [];

  private constructor(sessionOf: (url: string) => Session) {
    this.#server = createServer();
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#server.on("upgrade", (request, socket, head) => {
      const session = sessionOf(request.url ?? "");
      const served = acceptWebSocket(session, request, socket, head, this.#stop.signal);
      this.served.push(
        served.then(
          () => undefined,
          (error: Error) => error,
        ),
      );
    });
  }

  static async listen(sessionOf: (url: string) => Session): Promise<TestServer> {
    const server = new TestServer(sessionOf);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get sockets(): ReadonlySet<Socket> {
    return this.#sockets;
  }

  /** As the streaming server does when the daemon stops. */
  stop(): void {
    this.#stop.abort();
  }

  async close(): Promise<void> {
    this.stop();
    this.#server.close();
    await Promise.all(this.served);
  }

  /** Opens a WebSocket that offers `subprotocols`, among them names that ws itself would not send. */
  async connect(subprotocols?: string, path = "/"): Promise<Client> {
    const headers = subprotocols === undefined ? {} : { "Sec-WebSocket-Protocol": subprotocols };
    let chosen: string | undefined;
    const ws = new WebSocket(`ws://127.0.0.1:${this.port}${path}`, {
      headers,
      finishRequest: (request) => {
        request.prependOnceListener("upgrade", (response) => {
          chosen = response.headers["sec-websocket-protocol"];
          delete response.headers["sec-websocket-protocol"];
        });
        request.end();
      },
    });
    const client = new Client(ws);
    await once(ws, "open");
    client.subprotocol = chosen;
    return client;
  }
}

/** Keeps what it receives, channel by channel. */
export class Client {
  subprotocol: string | undefined;
  readonly ws: WebSocket;
  readonly messages: (Buffer | string)[] = [];
  /** The close code, once closed. */
  readonly closed: Promise<number>;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on("message", (data: Buffer, isBinary) => this.messages.push(isBinary ? data : data.toString()));
    ws.on("error", () => {});
    this.closed = new Promise((resolve) => ws.once("close", resolve));
  }

  send(channel: number, data: string | Buffer): void {
    this.ws.send(Buffer.concat([Buffer.of(channel), Buffer.from(data as string)]));
  }

  /** All that came on a binary channel. */
  received(channel: number): Buffer {
    const messages = this.messages.filter((message) => typeof message !== "string");
    return Buffer.concat(
      messages.filter(([first]) => first === channel).map((message) => message.subarray(1)),
    );
  }

  text(channel: number): string {
    return this.received(channel).toString();
  }

  /** Resolves once `condition` holds; it is looked at after each message. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.ws, "message");
  }
}

/** A session whose command is a shell on this machine. */
export function shell(script: string, more: Partial<CommandSession> = {}): CommandSession {
  return {
    kind: "exec",
    stdin: true,
    stdout: true,
    stderr: true,
    tty: false,
    async run({ stdin, stdout, stderr }, signal) {
      const child = spawn("sh", ["-c", script], { stdio: "pipe" });
      signal.addEventListener("abort", () => child.kill("SIGKILL"), { once: true });
      if (signal.aborted) child.kill("SIGKILL");
      const exit = once(child, "exit");
      if (stdin) pipeline(stdin, child.stdin).catch(() => {});
      else child.stdin.end();
      const outputs = [pipeline(child.stdout, stdout!)];
      if (stderr) outputs.push(pipeline(child.stderr, stderr));
      await Promise.allSettled(outputs);
      const [exitCode] = await exit;
      return { exitCode };
    },
    ...more,
  };
}

/** Ports are those of this machine. */
export function loopbackForward(
  ports: readonly number[],
  more: Partial<PortForwardSession> = {},
): PortForwardSession {
  return {
    kind: "portforward",
    ports,
    pod: "loopback",
    async connect(port, signal) {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, signal });
      await once(socket, "connect");
      return socket;
    },
    ...more,
  };
}
