import { type IncomingHttpHeaders, type ServerResponse, request as send } from "node:http";
import type { ServerOptions } from "node:https";
import { ScriptedServer } from "./scripted-server.ts";

/** What the real registry has answered, before it goes on its way. */
export interface Answer {
  /** Of the request. */
  path: string;
  authorization: string | undefined;
  range: string | undefined;
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Has the proxy go away: whoever asks from now on is refused. */
  goAway(): void;
}

/** Answers in its own way, or leaves it by `false`: then the real answer goes out as it is. */
export type Fault = (answer: Answer, response: ServerResponse) => boolean;

/** The real registry at `address`, with faults, and with TLS where it is given. What it was asked with is in `asked`. */
export async function startFaultyProxy(address: string, fault: Fault, tls?: ServerOptions) {
  const asked: Pick<Answer, "path" | "authorization" | "range">[] = [];
  const server = await ScriptedServer.start((request, response) => {
    const { method, url: path = "", headers: wanted } = request;
    const { authorization, range } = wanted;
    asked.push({ path, authorization, range });
    const upstream = send(`http://${address}${path}`, { method, headers: { ...wanted, host: address } });
    upstream.on("response", async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      const { statusCode: status = 502, headers } = answer;
      const body = Buffer.concat(chunks);
      const goAway = () => void server[Symbol.asyncDispose]();
      if (fault({ path, authorization, range, status, headers, body, goAway }, response)) return;
      response.writeHead(status, headers).end(body);
    });
    upstream.on("error", () => response.destroy());
    upstream.end();
  }, tls);
  return { address: server.address, asked, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
