import { createServer, type IncomingMessage, type RequestListener, request as send } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** What the proxy does with a CONNECT: tunnel to the target, answer with a status, or nothing at all. */
export type ConnectBehaviour = "tunnel" | "hang" | number;

/** A forward proxy on loopback: CONNECT for TLS, absolute-form for plain; every target is taken to `target`. */
export class ForwardProxy {
  readonly address: string;
  /** Request line without version, and Proxy-Authorization, of what was asked, in order. */
  readonly requests: [line: string, authorization: string | undefined][];
  readonly #close: () => Promise<void>;

  private constructor(address: string, requests: ForwardProxy["requests"], close: () => Promise<void>) {
    this.address = address;
    this.requests = requests;
    this.#close = close;
  }

  /** Is spoken to by TLS where a key and certificate are given. */
  static async start(
    target: string,
    behaviour: ConnectBehaviour = "tunnel",
    tls?: ServerOptions,
  ): Promise<ForwardProxy> {
    const requests: ForwardProxy["requests"] = [];
    const sockets = new Set<Socket>();
    const note = ({ method, url, headers }: IncomingMessage) =>
      requests.push([`${method} ${url}`, headers["proxy-authorization"]]);
    const forward: RequestListener = (request, response) => {
      note(request);
      const { pathname, search } = new URL(request.url ?? "");
      const { "proxy-authorization": _, ...headers } = request.headers;
      const upstream = send(`http://${target}${pathname}${search}`, { method: request.method, headers });
      upstream.on("response", (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      request.pipe(upstream);
    };
    const server = tls ? createTlsServer(tls, forward) : createServer(forward);
    server.on("connection", (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    server.on("connect", (request: IncomingMessage, client: Duplex) => {
      note(request);
      client.on("error", () => {});
      if (behaviour === "hang") return;
      if (behaviour !== "tunnel") {
        client.end(`HTTP/1.1 ${behaviour} No\r\n\r\n`);
        return;
      }
      const [host, port] = target.split(":");
      const upstream = connect({ host, port: Number(port) }, () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        client.pipe(upstream).pipe(client);
      });
      upstream.on("error", () => {});
      upstream.once("close", () => client.destroy());
      client.once("close", () => upstream.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const close = async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    };
    return new ForwardProxy(`127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}
