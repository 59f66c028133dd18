/** The metrics server: GET /metrics at an address and, where one is configured, at a Unix socket. */
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as TlsServer } from "node:https";
import { type AddressInfo, isIPv6 } from "node:net";
import type { TlsOptions } from "node:tls";
import { type Config, ConfigError } from "../config/load.ts";
import { messageOf } from "../cri/status-error.ts";
import type { FileWatch } from "../linux/file-watch.ts";
import { listenAtSocket } from "../linux/socket-path.ts";
import { log } from "../log.ts";
import { nodeHttp, nodeHttps } from "../node-http.ts";
import { followTlsFiles, readTlsOptions, type TlsFiles } from "../tls-files.ts";
import { makeMissingCertificate } from "./self-signed.ts";

const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 2000,
  handshakeTimeout: 10_000,
  // Longer than it is between two scrapes: a handshake costs more than what is told.
  keepAliveTimeout: 75_000,
};
/** At one listener; there are few who scrape. */
const MOST_CONNECTIONS = 64;

export interface MetricsServerOptions {
  /** `metrics_host`, `metrics_port`, `metrics_socket`, `metrics_cert` and `metrics_key` count. */
  metrics: Config["metrics"];
  /** Says how old a TLS may be. */
  api: TlsFiles["limits"];
  contentType: string;
  /** What is served; who asks while it is made gets the same. */
  render: () => Promise<string>;
}

/** Serves the metrics as `[crio.metrics]` says. Its listeners alone do not keep the process running. */
export class MetricsServer {
  readonly #options: MetricsServerOptions;
  readonly #tls: TlsFiles | undefined;
  readonly #servers: Server[] = [];
  #tlsFiles: FileWatch | undefined;
  #rendering: Promise<string> | undefined;

  constructor(options: MetricsServerOptions) {
    this.#options = options;
    const { metricsCert, metricsKey } = options.metrics;
    this.#tls = metricsCert
      ? {
          cert: { key: "crio.metrics.metrics_cert", path: metricsCert },
          key: { key: "crio.metrics.metrics_key", path: metricsKey },
          limits: options.api,
        }
      : undefined;
  }

  /**
   * Begins to listen, and answers the URL at the address.
   * @throws ConfigError when address, port or socket cannot be listened on, or the TLS files are no good; nothing
   * listens then, and no socket is left.
   */
  async listen(): Promise<string> {
    const { metricsSocket } = this.#options.metrics;
    try {
      const tls = this.#tls && readTls(this.#tls);
      const origin = await this.#listenAtAddress(tls);
      if (metricsSocket) await this.#listenAtSocket(metricsSocket, tls);
      if (this.#tls && tls) this.#follow(this.#tls, tls);
      return `${origin}/metrics`;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Ends at once; a socket goes too. */
  close(): void {
    this.#tlsFiles?.close();
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #listenAtAddress(tls: TlsOptions | undefined): Promise<string> {
    const { metricsHost, metricsPort } = this.#options.metrics;
    const server = this.#create(tls);
    // Without a host Node listens on every address.
    server.listen({ port: metricsPort, ...(metricsHost && { host: metricsHost }) });
    const right = "an address of this machine and a port that is free";
    await ready(server).catch((error) => {
      const values = `crio.metrics.metrics_host is ${JSON.stringify(metricsHost)} and crio.metrics.metrics_port is ${metricsPort}`;
      throw new ConfigError(`${values}, they must be ${right}: ${messageOf(error)}`, { cause: error });
    });
    const { address, port } = server.address() as AddressInfo;
    return `${tls ? "https" : "http"}://${isIPv6(address) ? `[${address}]` : address}:${port}`;
  }

  async #listenAtSocket(path: string, tls: TlsOptions | undefined): Promise<void> {
    const server = this.#create(tls);
    await listenAtSocket(path, () => once(server.listen(path), "listening")).catch((error) => {
      const value = `crio.metrics.metrics_socket is ${JSON.stringify(path)}`;
      throw new ConfigError(
        `${value}, it must be the path of a socket that may be made: ${messageOf(error)}`,
        {
          cause: error,
        },
      );
    });
  }

  #create(tls: TlsOptions | undefined): Server {
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response).catch((error) => {
        log.error("metrics cannot be told", { error });
        reply(response, 500, `${messageOf(error)}\n`);
      });
    };
    const server = tls
      ? nodeHttps.createServer({ ...limits, ...tls }, answer)
      : nodeHttp.createServer(limits, answer);
    server.maxConnections = MOST_CONNECTIONS;
    server.unref();
    this.#servers.push(server);
    return server;
  }

  async #answer({ method, url = "" }: IncomingMessage, response: ServerResponse): Promise<void> {
    if (url.replace(/\?.*/s, "") !== "/metrics") {
      reply(response, 404, "the metrics are at /metrics\n");
      return;
    }
    if (method !== "GET" && method !== "HEAD") {
      reply(response, 405, "metrics are asked for by GET\n", { allow: "GET, HEAD" });
      return;
    }
    this.#rendering ??= this.#options.render().finally(() => {
      this.#rendering = undefined;
    });
    reply(response, 200, await this.#rendering, { "content-type": this.#options.contentType });
  }

  #follow(files: TlsFiles, tls: TlsOptions): void {
    this.#tlsFiles = followTlsFiles("metrics server", files, tls, (next) => {
      for (const server of this.#servers) (server as TlsServer).setSecureContext(next);
    });
  }
}

function readTls(files: TlsFiles): TlsOptions {
  const { cert, key } = files;
  try {
    makeMissingCertificate(cert.path, key.path);
  } catch (error) {
    const problem = `a certificate cannot be made there: ${messageOf(error)}`;
    throw new ConfigError(`${cert.key} is ${JSON.stringify(cert.path)}, ${problem}`, { cause: error });
  }
  return readTlsOptions(files);
}

async function ready(server: Server): Promise<void> {
  await once(server, "listening");
  server.on("error", (error) => log.error("the metrics server fails", { error }));
}

function reply(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  const body = Buffer.from(text);
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": body.length,
    ...headers,
  });
  response.end(body);
}
