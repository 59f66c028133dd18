/** What Status, verbose, tells of the daemon itself: since when it serves, what it costs, what its start found. */
import type { Recovery } from "../sandbox/recover.ts";
import { version } from "../version.ts";

/** In the CRI's names, where it has them. */
export interface DaemonInfo {
  version: string;
  nodeVersion: string;
  pid: number;
  /** When the process began, RFC 3339. */
  startedAt: string;
  /** Processor time since then, of all threads. */
  cpu: { usageCoreNanoSeconds: number };
  memory: { rssBytes: number };
  recovery: Recovery;
}

export function daemonInfo(recovery: Recovery): DaemonInfo {
  const { user, system } = process.cpuUsage();
  return {
    version,
    nodeVersion: process.version,
    pid: process.pid,
    startedAt: new Date(performance.timeOrigin).toISOString(),
    cpu: { usageCoreNanoSeconds: (user + system) * 1000 },
    memory: { rssBytes: process.memoryUsage.rss() },
    recovery,
  };
}
