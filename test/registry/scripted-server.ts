import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";

export type Script = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTP server on loopback that answers as the test says, for the faults a real registry never makes. */
export class ScriptedServer {
  /** Host and port. */
  readonly address: string;
  /** Method and path of what was asked, in order. */
  readonly requests: string[];
  readonly #close: () => Promise<void>;

  private constructor(address: string, requests: string[], close: () => Promise<void>) {
    this.address = address;
    this.requests = requests;
    this.#close = close;
  }

  /** Starts on a free port of 127.0.0.1; with TLS where a key and certificate are given. */
  static async start(script: Script, tls?: ServerOptions): Promise<ScriptedServer> {
    const requests: string[] = [];
    const answer: Script = (request, response) => {
      requests.push(`${request.method} ${request.url}`);
      script(request, response);
    };
    const server = tls ? createTlsServer(tls, answer) : createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const close = async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    return new ScriptedServer(`127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}
