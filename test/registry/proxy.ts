import { request as send } from "node:http";
import { ScriptedServer } from "./scripted-server.ts";

/** What becomes of an answer's body on its way. */
export type Tamper = (path: string, body: Buffer) => Buffer;

/** A registry in front of the one at `address` that counts what is asked for, and spoils what `tamper` wants spoilt. */
export function startProxy(address: string, tamper: Tamper = (_, body) => body): Promise<ScriptedServer> {
  return ScriptedServer.start((request, response) => {
    const { method, url = "", headers } = request;
    const upstream = send(`http://${address}${url}`, { method, headers: { ...headers, host: address } });
    upstream.on("response", async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.end(tamper(url, Buffer.concat(chunks)));
    });
    upstream.on("error", () => response.destroy());
    upstream.end();
  });
}
