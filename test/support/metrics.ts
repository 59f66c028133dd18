/** What a daemon under test tells Prometheus. */
import { readFileSync } from "node:fs";
import { type ClientRequest, type IncomingMessage, request as requestPlain } from "node:http";
import { type RequestOptions, request as requestTls } from "node:https";
import { join } from "node:path";
import type { Daemon } from "./daemon.ts";
import { Scrape } from "./prometheus-text.ts";

/** Settings by which a daemon serves its metrics at a port of its own. */
export const metricsSettings = { enable_metrics: true, metrics_port: 0 };

/** Where the daemon that was started last serves its metrics; undefined where it does not. */
export function metricsUrl({ folder }: Daemon): string | undefined {
  const lines = readFileSync(join(folder, "critter.log"), "utf8").trim().split("\n");
  const entries = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  return entries.findLast(({ msg }) => msg === "serving metrics")?.url;
}

/** Asks for the metrics once; `options` may name a socket or an authority. */
export async function scrape(daemon: Daemon, options: RequestOptions = {}): Promise<Scrape> {
  const url = metricsUrl(daemon);
  if (!url) throw new Error("the daemon serves no metrics");
  const { status, text } = await get(url, options);
  if (status !== 200) throw new Error(`${url} answers ${status}: ${text}`);
  return new Scrape(text);
}

/** GET by a connection of its own. */
export function get(url: string, options: RequestOptions = {}): Promise<{ status: number; text: string }> {
  const request = url.startsWith("https") ? requestTls : requestPlain;
  return new Promise((resolve, reject) => {
    const asked: ClientRequest = request(url, { agent: false, ...options }, (response: IncomingMessage) => {
      const parts: Buffer[] = [];
      response.on("data", (part) => parts.push(part));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }),
      );
    });
    asked.on("error", reject).end();
  });
}
