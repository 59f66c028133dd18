/** The kubelet's own API, on its port of loopback. */
import { Agent, request } from "node:https";
import { SLOW } from "../../support/slow.ts";
import type { Pod } from "./kubernetes.ts";

export interface KubeletResponse {
  status: number;
  body: string;
}

export class KubeletApi {
  readonly port: number;
  // Its certificate is one that it made itself.
  readonly #agent = new Agent({ keepAlive: true, rejectUnauthorized: false });

  constructor(port: number) {
    this.port = port;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Every pod that it has been told of, with its status. */
  async pods(): Promise<Pod[]> {
    return JSON.parse(await this.get("/pods")).items ?? [];
  }

  /** What a container has written; `query` as kubectl logs sends it (`tailLines=1`, `previous=true`, …). */
  async containerLogs({ metadata }: Pick<Pod, "metadata">, container: string, query = ""): Promise<string> {
    return this.get(`/containerLogs/${metadata.namespace}/${metadata.name}/${container}?${query}`);
  }

  /** `/stats/summary`, parsed. */
  async summary(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.get("/stats/summary"));
  }

  /** The body of an answer with status 200; rejects with any other. */
  async get(path: string): Promise<string> {
    return this.#ok("GET", path);
  }

  /** One request, whatever its status. */
  request(method: "GET" | "POST" | "PUT", path: string): Promise<KubeletResponse> {
    const options = {
      method,
      host: "127.0.0.1",
      port: this.port,
      path,
      agent: this.#agent,
      timeout: 30_000 * SLOW,
    };
    return new Promise((resolve, reject) => {
      const call = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
        });
      });
      call.on("timeout", () => call.destroy(new Error(`${method} ${path}: the kubelet does not answer`)));
      call.on("error", reject);
      call.end();
    });
  }

  async #ok(method: "GET" | "POST", path: string): Promise<string> {
    const { status, body } = await this.request(method, path);
    if (status !== 200) throw new Error(`${method} ${path} answered ${status}: ${body}`);
    return body;
  }
}
