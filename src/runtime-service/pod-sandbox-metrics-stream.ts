/** StreamPodSandboxMetrics: what ListPodSandboxMetrics answers, some pods at a time. */
import { partsOf } from "../cri/list-parts.ts";
import type { RuntimeServiceContext } from "./context.ts";

/** Some 15 KiB a container. */
const podsAtATime = 64;

export async function* podSandboxMetricsStream({
  stats,
  sandboxes,
}: RuntimeServiceContext): AsyncGenerator<Buffer, void> {
  const pods = [...sandboxes.store];
  for (let at = 0; at < pods.length; at += podsAtATime) {
    yield* partsOf(await stats.metrics.encoded(pods.slice(at, at + podsAtATime)));
  }
}
