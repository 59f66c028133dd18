/** Which ports a client forwards by channels: nothing within the connection names them. */

import { Refusal } from "../refusal.ts";
import type { PortForwardSession } from "../session.ts";

const largestPort = 65_535;

/** Those the session was made for, else those of the URL's query: `port=80&port=443` or `ports=80,443`. Throws Refusal. */
export function requestedPorts(session: PortForwardSession, url: string): readonly number[] {
  if (session.ports.length > 0) return session.ports;
  const query = new URL(url, "http://localhost").searchParams;
  const ports = [...query.getAll("port"), ...query.getAll("ports")].flatMap((value) => value.split(","));
  if (ports.length === 0) throw new Refusal(400, "query parameter port is absent: which ports to forward?");
  return ports.map(parsePort);
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= largestPort) return port;
  throw new Refusal(400, `query parameter port is ${JSON.stringify(text)}: 1 to ${largestPort} expected`);
}
