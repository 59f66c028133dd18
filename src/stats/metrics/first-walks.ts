/** Waiting for what new containers have written, which may be measured in the background and not be known at first. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerRecord } from "../../oci/record.ts";
import type { Slices } from "../../slices.ts";
import type { WritableLayers } from "../writable-layers.ts";

/** Layers of other containers may be large; then the answer goes without. */
const patienceMs = 500;

/** Waits, half a second at most, until the writable layer of each of the containers has been measured once. */
export async function firstWalks(
  layers: WritableLayers,
  containers: Iterable<ContainerRecord>,
  slices: Slices,
): Promise<void> {
  let missing = 0;
  for (const container of containers) {
    if (!layers.usageOf(container)) missing += 1;
    if (slices.isOver) await slices.next();
  }
  if (missing === 0) return;
  const given = new AbortController();
  const patience = sleep(patienceMs, undefined, { signal: given.signal, ref: false }).catch(() => {});
  await Promise.race([layers.idle(), patience]);
  given.abort();
}
