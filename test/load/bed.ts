/** What the trials of load stand on: one daemon with the probe in it, and a clock for each of its RPCs. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryOf } from "../../bench/memory.ts";
import { ensureImages, storeFolder } from "../images/store.ts";
import { Registry } from "../registry/registry.ts";
import { assertAudit } from "../support/audit.ts";
import { waitUntilServing } from "../support/cri.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { listedAgain } from "../support/listed-again.ts";
import { countWithNothing } from "../support/pods.ts";
import { Latencies } from "./latencies.ts";
import { installProbe, ProbeClient } from "./probe-client.ts";

export interface Bed {
  daemon: Daemon;
  /** The daemon's RPCs, each measured. */
  runtime: Daemon["client"]["runtime"];
  latencies: Latencies;
  probe: ProbeClient;
}

/** Calls `work` with a daemon that has busybox and no pods; afterwards it must hold what it has on record, and nothing else. */
export async function withBed(folder: string, work: (bed: Bed) => Promise<void>): Promise<void> {
  await ensureImages("base");
  const probe = new ProbeClient(installProbe(folder));
  await using registry = await Registry.start({ storage: storeFolder() });
  await using daemon = await startDaemon({
    registry: registry.address,
    tmpfs: true,
    settings: {
      "crio.runtime": { log_level: "info" },
      "crio.stats": { included_pod_metrics: ["all"] },
    },
  });
  await countWithNothing(daemon);
  const latencies = new Latencies();
  const runtime = latencies.timed(daemon.client.runtime);
  await work({ daemon, runtime, latencies, probe });
  await assertAudit(daemon);
}

/** How long a start of the daemon took, in ms. */
export interface Restart {
  tookMs: number;
  /** The part of it in which others had the processors that the daemon wanted. */
  waitedMs: number;
}

/** Kills the daemon with SIGKILL, and starts it until it has listed `running` containers as running. */
export async function restartKilled({ daemon }: Bed, running: number): Promise<Restart> {
  await daemon.kill();
  const began = performance.now();
  const gone = daemon.launch();
  await listedAgain(daemon.socket, running, gone);
  const tookMs = performance.now() - began;
  const [, waited] = readFileSync(`/proc/${daemon.pid}/schedstat`, "latin1").split(" ");
  await waitUntilServing(daemon.client, 30, gone);
  return { tookMs, waitedMs: Number(waited) / 1e6 };
}

/** The daemon's private memory in bytes, once its garbage is collected and it has had a second to itself. */
export async function privateMemory({ daemon, probe }: Bed): Promise<number> {
  await probe.heap();
  await sleep(1000);
  return memoryOf(daemon.pid)?.private ?? 0;
}
