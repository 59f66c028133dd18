/** What the tests of the streaming server share: sessions, clients, servers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { buildConfig, type Config } from "../config/load.ts";
import { readSettings } from "../config/settings.ts";
import { StreamServer } from "./server.ts";
import type { CommandSession } from "./session.ts";
import { SpdyTestClient } from "./spdy/test-client.test.ts";

export const defaults = buildConfig(readSettings(undefined), false).api;
export const spdy = { connection: "Upgrade", upgrade: "SPDY/3.1" };
export const v4 = { ...spdy, "x-stream-protocol-version": "v4.channel.k8s.io" };

/** A command that repeats its input. */
export function echo(): CommandSession {
  return {
    kind: "exec",
    stdin: true,
    stdout: true,
    stderr: false,
    tty: false,
    run: async ({ stdin, stdout }) => {
      for await (const chunk of stdin ?? []) stdout?.write(chunk);
      return { exitCode: 0 };
    },
  };
}

/** A command that lasts until it has to end, and then takes a moment. */
export function endless(ended: () => void = () => {}): CommandSession {
  return {
    ...echo(),
    run: async (_streams, signal) => {
      if (!signal.aborted) await once(signal, "abort");
      await new Promise(setImmediate);
      ended();
      throw signal.reason;
    },
  };
}

export interface Answer {
  response: IncomingMessage;
  /** Of a refusal. */
  body: string;
  /** Where the upgrade was granted. */
  socket?: Socket;
}

export function ask(url: string, headers: Record<string, string | string[]>): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const asked = request(url, { method: "POST", headers, agent: false });
  asked.on("error", reject);
  asked.on("upgrade", (response, socket) => resolve({ response, body: "", socket: socket as Socket }));
  asked.on("response", async (response) => {
    let body = "";
    for await (const chunk of response) body += chunk;
    resolve({ response, body });
  });
  asked.end();
  return promise;
}

export async function dial(url: string): Promise<SpdyTestClient> {
  const { socket, response } = await ask(url, v4);
  assert.equal(response.statusCode, 101);
  return new SpdyTestClient(socket as Socket);
}

/** Has `text` repeated. */
export async function converse(client: SpdyTestClient, text: string): Promise<string> {
  const [, stdin = 0, stdout = 0] = ["error", "stdin", "stdout"].map((streamtype) =>
    client.open({ streamtype }),
  );
  client.write(stdin, text, true);
  return client.output(stdout);
}

export async function startServer(
  changes: Partial<Config["api"]> = {},
): Promise<StreamServer & AsyncDisposable> {
  const server = new StreamServer({ ...defaults, ...changes });
  await server.listen();
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

/** Resolves once nobody is served any more. */
export async function untilIdle(server: StreamServer): Promise<void> {
  while (server.counts.sessions > 0) await new Promise(setImmediate);
}
