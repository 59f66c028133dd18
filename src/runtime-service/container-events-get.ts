/** GetContainerEvents: what happens to pods and containers, as it happens. */
import type { RuntimeServiceContext } from "./context.ts";

/** Without `enable_pod_events` the stream ends at once, as CRI-O's does: the kubelet then does without events. */
export function containerEventsGet(
  { events }: RuntimeServiceContext,
  signal: AbortSignal,
): Iterable<Buffer> | AsyncIterable<Buffer> {
  return events ? events.read(signal) : [];
}
