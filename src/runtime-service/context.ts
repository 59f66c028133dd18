/** What the RuntimeService's RPCs work with. */
import type { Config } from "../config/load.ts";
import type { ContainerEvents } from "../events/container-events.ts";
import type { ContainerContext } from "../oci/context.ts";
import type { SandboxContext } from "../sandbox/context.ts";
import type { Recovery } from "../sandbox/recover.ts";
import type { StatsContext } from "../stats/context.ts";
import type { StreamServer } from "../streaming/server.ts";

export interface RuntimeServiceContext {
  config: Config;
  sandboxes: SandboxContext;
  containers: ContainerContext;
  stats: StatsContext;
  /** Absent without `enable_pod_events`. */
  events: ContainerEvents | undefined;
  /** What the daemon's start found. */
  recovery: Recovery;
  /** Gives out the URLs of sessions. */
  streams: Pick<StreamServer, "url">;
  /** Aborted when the daemon ends: what may last for minutes is given up, and its client asks the next daemon. */
  stopping: AbortSignal;
}
