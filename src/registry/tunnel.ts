/** TLS through a proxy's tunnel (RFC 9110, section 9.3.6): its time is limited, and no error has the proxy's password. */

import type * as HttpModule from "node:http";
import type { ClientRequest } from "node:http";
import type * as HttpsModule from "node:https";
import type { Socket } from "node:net";
import { type ConnectionOptions, connect, type SecureContext, type TLSSocket } from "node:tls";
import type { SecureContexts } from "./secure-contexts.ts";

/** What connects to the proxy. */
export interface TunnelParts {
  http: typeof HttpModule;
  https: typeof HttpsModule;
  contexts: SecureContexts;
}

/** Where the tunnel leads, and how TLS is spoken at its end. */
export type TunnelOptions = ConnectionOptions & { host: string; port: number | string };

/**
 * Opens a tunnel by CONNECT and TLS in it; credentials in the proxy's URL become Proxy-Authorization. Rejects with an
 * Error that names the proxy's host only, after `timeout` milliseconds at the latest.
 */
export async function openTunnel(
  parts: TunnelParts,
  proxy: URL,
  target: TunnelOptions,
  timeout: number,
): Promise<TLSSocket> {
  const trust = proxy.protocol === "https:" ? await parts.contexts.of(undefined, true) : undefined;
  let open: ClientRequest | TLSSocket | undefined;
  const timer = setTimeout(() => {
    const message = `no connection through the proxy ${proxy.host} for ${timeout / 1000} s`;
    open?.destroy(Object.assign(new Error(message), { code: "ETIMEDOUT" }));
  }, timeout);
  try {
    const request = connectRequest(parts, proxy, target, trust?.context);
    open = request;
    const socket = await tunnelOf(request, proxy);
    const secure = connect({ ...target, socket });
    open = secure;
    await secured(secure);
    return secure;
  } finally {
    clearTimeout(timer);
  }
}

function connectRequest(
  { http, https }: TunnelParts,
  proxy: URL,
  { host, port }: TunnelOptions,
  secureContext: SecureContext | undefined,
): ClientRequest {
  const path = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const { username, password } = proxy;
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = { "proxy-authorization": `Basic ${Buffer.from(login).toString("base64")}` };
  const plain = new URL(proxy);
  plain.username = plain.password = "";
  const { request } = proxy.protocol === "https:" ? https : http;
  const headers = { host: path, ...(username && authorization) };
  return request(plain, {
    method: "CONNECT",
    path,
    agent: false,
    headers,
    ...(secureContext && { secureContext }),
  });
}

function tunnelOf(request: ClientRequest, { host }: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.once("connect", ({ statusCode = 0 }, socket: Socket) => {
      if (statusCode >= 200 && statusCode < 300) return resolve(socket);
      socket.destroy();
      reject(new Error(`the proxy ${host} answers CONNECT with ${statusCode}`));
    });
    request.end();
  });
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    // A proxy that goes away now gives no error of its own.
    const ended = () => reject(Object.assign(new Error("the tunnel was closed"), { code: "ECONNRESET" }));
    socket.once("close", ended);
    socket.once("secureConnect", () => {
      socket.off("error", reject).off("close", ended);
      resolve();
    });
  });
}
