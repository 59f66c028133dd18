/** `kubectl logs -f` at the kubelet's port. */
import type { ClientRequest } from "node:http";
import { request } from "node:https";
import type { Pod } from "./kubernetes.ts";

/** What has come of a log so far; `await using` hangs up. */
export class FollowedLog {
  /** Settles with everything once the kubelet has ended the answer. */
  readonly ended: Promise<string>;
  readonly #request: ClientRequest;
  readonly #chunks: Buffer[] = [];

  /** `query` as kubectl sends it, beside `follow=true`. */
  constructor(port: number, { metadata }: Pick<Pod, "metadata">, container: string, query = "") {
    const path = `/containerLogs/${metadata.namespace}/${metadata.name}/${container}?follow=true&${query}`;
    this.#request = request({ host: "127.0.0.1", port, path, agent: false, rejectUnauthorized: false });
    this.ended = new Promise((resolve, reject) => {
      this.#request.on("error", reject);
      this.#request.on("response", (response) => {
        response.on("data", (chunk) => this.#chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => resolve(this.text));
      });
    });
    this.ended.catch(() => {});
    this.#request.end();
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#request.destroy();
  }
}
