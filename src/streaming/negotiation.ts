/** Which protocol a client and the streaming server speak inside of SPDY: the header X-Stream-Protocol-Version. */
import type { IncomingHttpHeaders } from "node:http";

/** Of exec and attach, newest first; the one of version 1 goes by its plain name with most clients. */
export const commandProtocols = [
  "v4.channel.k8s.io",
  "v3.channel.k8s.io",
  "v2.channel.k8s.io",
  "v1.channel.k8s.io",
  "channel.k8s.io",
] as const;
export type CommandProtocol = (typeof commandProtocols)[number];

export const portForwardProtocols = ["portforward.k8s.io"] as const;

/** The version of a protocol of exec and attach, from 1 to 4. */
export function versionOf(protocol: CommandProtocol): number {
  return Number(/^v(\d)/.exec(protocol)?.[1] ?? 1);
}

/** What the client offers, the one it likes best first; empty if it does not say. */
export function offeredProtocols(headers: IncomingHttpHeaders): string[] {
  // Node has joined what came in several headers.
  const value = String(headers["x-stream-protocol-version"] ?? "");
  return value
    .split(",")
    .map((protocol) => protocol.trim())
    .filter(Boolean);
}

/** The first of `offered` that is spoken; undefined if none is. */
export function negotiate<T extends string>(offered: readonly string[], spoken: readonly T[]): T | undefined {
  for (const protocol of offered) {
    const found = spoken.find((candidate) => candidate === protocol);
    if (found) return found;
  }
  return undefined;
}
