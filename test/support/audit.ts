/** The audit: whether what a daemon holds of the machine is exactly what it has on record, and what it lists too. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type AuditOptions, expectedHoldings } from "./audit/expected.ts";
import { findHoldings } from "./audit/found.ts";
import { differences, type Holdings } from "./audit/holdings.ts";
import { readRecords } from "./audit/records.ts";
import type { Daemon } from "./daemon.ts";
import { eventually } from "./eventually.ts";

export type { AuditOptions } from "./audit/expected.ts";
export { type Recorded, readRecords } from "./audit/records.ts";

/**
 * One line for each thing that is missing, is nobody's, or is there twice: mounts, namespaces, leases, iptables rules and
 * chains, ports of the bridge, cgroups, processes, folders, records. None when all is as it should be; the daemon must
 * have nothing to do, or have ended (then what it lists is not looked at).
 */
export async function audit(daemon: Daemon, options: AuditOptions = {}): Promise<string[]> {
  const records = readRecords(join(daemon.folder, "root"));
  const expectation = expectedHoldings(records, options);
  const found = await findHoldings(daemon, podIdsOf(daemon));
  found.add("unreadable record", ...records.unreadable);
  if (daemon.isRunning) await findLists(daemon, found);
  return differences(found, expectation).filter((line) => {
    if (!daemon.isRunning && line.startsWith("listed ")) return false;
    return !(options.unfinishedBlobs && line.startsWith("unfinished blob "));
  });
}

/** Fails with the audit's lines unless there are none, ten seconds later at the latest: monitors take a moment to end. */
export async function assertAudit(daemon: Daemon, options: AuditOptions = {}): Promise<void> {
  await eventually(async () => assert.deepEqual(await audit(daemon, options), []), 10);
}

async function findLists({ client: { runtime, image } }: Daemon, found: Holdings): Promise<void> {
  const { items } = await runtime.ListPodSandbox();
  found.add("listed pod", ...items.map(({ id, state }) => `${id} ${state}`));
  const { containers } = await runtime.ListContainers();
  found.add("listed container", ...containers.map(({ id, state }) => `${id} ${state}`));
  const { images } = await image.ListImages();
  found.add("listed image", ...images.map(({ id }) => id));
}

/** The ids of all pods and containers that the daemon's log names: what it has once made may be left without a record. */
export function podIdsOf({ folder }: Daemon): string[] {
  const log = readFileSync(join(folder, "critter.log"), "latin1");
  return [...new Set(log.match(/\b[0-9a-f]{64}\b/g))];
}
