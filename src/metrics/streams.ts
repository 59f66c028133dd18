/** Exec, attach and port-forward sessions. */
import type { StreamServer } from "../streaming/server.ts";
import type { Families } from "./families.ts";

export type StreamSource = Pick<StreamServer, "sessions">;

export function countStreams(families: Families, streams: StreamSource): void {
  const labels = ["kind"] as const;
  families.gauge("streams_open", {
    help: "Sessions whose client is connected: exec, attach or portforward.",
    labels,
    collect: (metric) => {
      for (const [kind, { open }] of Object.entries(streams.sessions)) metric.set({ kind }, open);
    },
  });
  const told = new Map<string, number>();
  families.counter("streams_total", {
    help: "Sessions that clients have opened: exec, attach or portforward.",
    labels,
    collect: (metric) => {
      for (const [kind, { opened }] of Object.entries(streams.sessions)) {
        metric.inc({ kind }, opened - (told.get(kind) ?? 0));
        told.set(kind, opened);
      }
    },
  });
}
