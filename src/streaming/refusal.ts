/** HTTP answers that end a connection: to requests for an upgrade that is not granted, and to what is no request. */
import type { Duplex } from "node:stream";
import { log } from "../log.ts";
import { nodeHttp } from "../node-http.ts";

/** How long a refused client may take to read why. */
const LINGER_MS = 5000;

/** Why a client gets no stream, as HTTP says it. */
export class Refusal extends Error {
  readonly status: number;
  /** Further headers, as pairs of name and value. */
  readonly headers: readonly [string, string][];

  constructor(status: number, message: string, headers: readonly [string, string][] = []) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.headers = headers;
  }
}

/** Answers with the refusal and closes the connection. */
export function refuse(socket: Duplex, { status, message, headers }: Refusal): void {
  const body = `${message}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${nodeHttp.STATUS_CODES[status] ?? ""}`,
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  socket.on("error", () => {});
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
  // Closed with bytes unread, the connection is reset, and the answer may be lost with it.
  socket.resume();
  const patience = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once("close", () => clearTimeout(patience));
}

/** Answers a client whose bytes are no request; one that is gone, or whose TLS failed, can only be let go. */
export function refuseMalformed(socket: Duplex, error: Error): void {
  const { code = "" } = error as NodeJS.ErrnoException;
  log.debug("a connection to the streaming server failed", { error: error.message });
  if (!socket.writable) socket.destroy();
  else if (code === "HPE_HEADER_OVERFLOW")
    refuse(socket, new Refusal(431, "the request's headers are too long"));
  else if (code === "ERR_HTTP_REQUEST_TIMEOUT") refuse(socket, new Refusal(408, "the request took too long"));
  else if (code.startsWith("HPE_")) refuse(socket, new Refusal(400, "this is no HTTP request"));
  else socket.destroy();
}
