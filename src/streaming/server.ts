/** The streaming server: gives out URLs for sessions, each good once, and serves the clients that bring them. */
import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as TlsServer } from "node:https";
import { type AddressInfo, isIPv6, type Socket } from "node:net";
import { type Config, ConfigError } from "../config/load.ts";
import { messageOf } from "../cri/status-error.ts";
import type { FileWatch } from "../linux/file-watch.ts";
import { log } from "../log.ts";
import { nodeHttp, nodeHttps } from "../node-http.ts";
import { followTlsFiles, readTlsOptions } from "../tls-files.ts";
import { observe } from "./observed-session.ts";
import { Refusal, refuse, refuseMalformed } from "./refusal.ts";
import { serveSession } from "./serve-session.ts";
import type { Session } from "./session.ts";
import { streamTlsFiles } from "./tls.ts";
import { Tokens } from "./tokens.ts";
import { chooseUpgrade } from "./upgrade.ts";

/** Connections that have brought no token yet: further ones are closed at once. */
const MOST_WAITING = 512;
/** How long sessions may take to end once the daemon stops. */
const STOP_PATIENCE_MS = 5000;
const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 2000,
  handshakeTimeout: 10_000,
};

type Api = Config["api"];

/** What a token stands for. */
interface Ticket {
  session: Session;
  /** Runs what it is given with the log fields of the RPC that asked for the URL. */
  inContext: ReturnType<typeof AsyncLocalStorage.snapshot>;
}

interface Served {
  kind: Session["kind"];
  ending: AbortController;
  over: Promise<void>;
}

/** Serves exec, attach and port-forward as `[crio.api]` says. Its socket alone does not keep the process running. */
export class StreamServer {
  readonly #api: Api;
  readonly #tokens = new Tokens<Ticket>();
  readonly #served = new Map<Socket, Served>();
  readonly #opened: Record<Session["kind"], number> = { exec: 0, attach: 0, portforward: 0 };
  #server: Server | undefined;
  #tlsFiles: FileWatch | undefined;
  #origin = "";

  constructor(api: Api) {
    this.#api = api;
  }

  /** How many URLs wait for their clients, and how many clients are served. */
  get counts(): { outstanding: number; sessions: number } {
    return { outstanding: this.#tokens.outstanding, sessions: this.#served.size };
  }

  /** How many sessions of each kind clients have open, and how many they have opened until now. */
  get sessions(): Record<Session["kind"], { open: number; opened: number }> {
    const served = [...this.#served.values()];
    const count = (kind: Session["kind"]) => ({
      open: served.filter((one) => one.kind === kind).length,
      opened: this.#opened[kind],
    });
    return { exec: count("exec"), attach: count("attach"), portforward: count("portforward") };
  }

  /** @throws ConfigError when address and port cannot be listened on, or the TLS files are no good. */
  async listen(): Promise<void> {
    const { streamAddress: host, streamPort: port, streamEnableTls } = this.#api;
    const server = streamEnableTls ? this.#createTlsServer() : nodeHttp.createServer(limits);
    this.#server = server;
    server.on("connection", (socket) => this.#limitWaiting(socket));
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket as Socket, head));
    server.on("request", (request, response) => this.#answer(request, response));
    server.on("clientError", (error, socket) => refuseMalformed(socket, error));
    server.listen({ host, port });
    try {
      await once(server, "listening");
    } catch (error) {
      this.#tlsFiles?.close();
      throw cannotListen(this.#api, error);
    }
    server.on("error", (error) => log.error("the streaming server fails", { error }));
    server.unref();
    this.#origin = `${streamEnableTls ? "https" : "http"}://${clientAddress(server.address() as AddressInfo)}`;
  }

  /**
   * A URL at which a client may open `session`, once and within a minute.
   * @throws StatusError RESOURCE_EXHAUSTED while too many wait for their clients.
   */
  url(session: Session): string {
    const token = this.#tokens.issue({ session, inContext: AsyncLocalStorage.snapshot() });
    return `${this.#origin}/${session.kind}/${token}`;
  }

  /** Takes no more clients, ends what those there are do, and waits until that is over, though not for long. */
  async close(): Promise<void> {
    this.#tlsFiles?.close();
    this.#server?.close();
    this.#server?.closeAllConnections();
    const served = [...this.#served.values()];
    for (const { ending } of served) ending.abort(new Error("critter is stopping"));
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const patience = setTimeout(resolve, STOP_PATIENCE_MS);
    await Promise.race([Promise.all(served.map(({ over }) => over)), late]);
    clearTimeout(patience);
    for (const socket of this.#served.keys()) socket.destroy();
  }

  #createTlsServer(): TlsServer {
    const files = streamTlsFiles(this.#api);
    const options = readTlsOptions(files);
    const server = nodeHttps.createServer({ ...limits, ...options });
    this.#tlsFiles = followTlsFiles("streaming server", files, options, (next) =>
      server.setSecureContext(next),
    );
    return server;
  }

  #limitWaiting(socket: Socket): void {
    this.#server?.getConnections((_error, connections) => {
      if (connections - this.#served.size > MOST_WAITING) socket.destroy();
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { status, message } = this.#redeem(request)
      ? new Refusal(400, "unable to upgrade: the request asks for no upgrade")
      : noSession();
    response.writeHead(status, { connection: "close", "content-type": "text/plain; charset=utf-8" });
    response.end(`${message}\n`);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const ticket = this.#redeem(request);
    if (!ticket) {
      refuse(socket, noSession());
      return;
    }
    const { session, inContext } = ticket;
    inContext(() => {
      try {
        this.#serve(session, request, socket, head);
      } catch (error) {
        log.warn("stream refused", { kind: session.kind, error: messageOf(error) });
        refuse(socket, error instanceof Refusal ? error : new Refusal(500, messageOf(error)));
      }
    });
  }

  #serve(session: Session, request: IncomingMessage, socket: Socket, head: Buffer): void {
    const observed = observe(session);
    const upgrade = chooseUpgrade(observed.session, request, socket, head);
    const ending = new AbortController();
    const over = serveSession(observed, upgrade, {
      socket,
      ending,
      idleTimeout: this.#api.streamIdleTimeout,
    }).finally(() => this.#served.delete(socket));
    this.#served.set(socket, { kind: session.kind, ending, over });
    this.#opened[session.kind]++;
  }

  /** Whatever becomes of the request, its token is used. */
  #redeem({ url = "" }: IncomingMessage): Ticket | undefined {
    const [, kind, token = ""] = /^\/(\w+)\/([\w-]+)\/?(?:\?|$)/.exec(url) ?? [];
    const ticket = this.#tokens.redeem(token);
    return ticket?.session.kind === kind ? ticket : undefined;
  }
}

function noSession(): Refusal {
  return new Refusal(404, "no session waits at this URL: it is unknown, was used, or has expired");
}

function cannotListen(api: Api, error: unknown): ConfigError {
  const { streamAddress, streamPort } = api;
  return new ConfigError(
    `crio.api.stream_address is ${JSON.stringify(streamAddress)} and crio.api.stream_port is ${JSON.stringify(String(streamPort))}, ` +
      `they must be an address of this machine and a port that is free: ${messageOf(error)}`,
    { cause: error },
  );
}

/** Host and port as a client on this machine can use them, also where the server listens on all addresses. */
function clientAddress({ address, port }: AddressInfo): string {
  const host = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
