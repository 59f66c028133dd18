/** Item 1: the daemon is killed at every step of an operation, started again, and asked again. */

import { setTimeout as sleep } from "node:timers/promises";
import { assertAudit } from "../support/audit.ts";
import type { CrashBed } from "./bed.ts";
import type { AnyOperation, Way } from "./operations/operation.ts";

/** The points that the operation passes, until it is answered and has gone on in the background. */
export async function recordPoints(bed: CrashBed, operation: AnyOperation): Promise<string[]> {
  const prepared = await operation.begin(bed);
  bed.points.take();
  bed.points.set({ mode: "record" });
  try {
    await prepared.request();
    await sleep(operation.afterwardsMs);
  } finally {
    bed.points.set({ mode: "off" });
  }
  await prepared.verify();
  await bed.clear();
  return bed.points.take();
}

/**
 * Kills the daemon at `point` of the operation, starts it again and goes on as the client does. Throws where the outcome is
 * any other than if nothing had happened, or something is left. Answers whether the daemon came to the point.
 */
export async function crashAt(
  bed: CrashBed,
  operation: AnyOperation,
  point: string,
  way: Way,
): Promise<boolean> {
  const { daemon, points } = bed;
  const prepared = await operation.begin(bed);
  points.set({ mode: "kill", at: point });
  const answered = await prepared.request().then(
    () => true,
    () => false,
  );
  const died = await bed.died(answered ? operation.afterwardsMs : 5_000);
  points.set({ mode: "off" });
  if (died) {
    await daemon.kill();
    await daemon.start();
    // Before anybody asks for anything: recovery alone must have set all right.
    await assertAudit(daemon);
    await prepared.repeat(way);
  } else if (!answered) throw new Error("the request failed, though the daemon was not killed");
  await prepared.verify();
  await assertAudit(daemon);
  await bed.clear();
  return died;
}
