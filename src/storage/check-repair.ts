/** Mends what a check has found, with the transactions that the daemon uses. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { unmountAll } from "../linux/mount.ts";
import { transaction } from "../state/database.ts";
import type { Finding, Repair } from "./check.ts";
import type { StoreSnapshot } from "./check-snapshot.ts";
import { mountPointsBelow } from "./mount-points.ts";

/**
 * Removes what the findings name: damaged images with the layers that no other image has, so that the kubelet pulls
 * them anew, and what nothing speaks for. Records go first, in one transaction: what a crash leaves after it has no
 * record, and is swept at the daemon's start. Throws LinuxError, or an error of the file system.
 */
export function repairStore(database: DatabaseSync, store: StoreSnapshot, findings: Finding[]): void {
  const repairs = findings.flatMap(({ repair }) => repair ?? []);
  const images = idsOf(repairs, "image");
  const layers = unwantedLayers(store, images);
  transaction(database, () => {
    for (const id of images) deleteRecord(database, "images", id);
    for (const { chainId } of layers) deleteRecord(database, "layers", chainId);
    for (const repair of repairs)
      if (repair.kind === "record") deleteRecord(database, repair.table, repair.id);
  });
  const { root } = store;
  for (const id of images) remove(join(root, "overlay-shared", id.slice(id.indexOf(":") + 1)));
  for (const { folder } of layers) remove(join(root, "overlay", folder));
  for (const repair of repairs) if (repair.kind === "path") remove(repair.path);
}

function idsOf(repairs: Repair[], kind: "image" | "layer"): Set<string> {
  return new Set(repairs.flatMap((repair) => (repair.kind === kind ? repair.id : [])));
}

/** The layers that no image has once `dropped` are gone. */
function unwantedLayers({ images, layers }: StoreSnapshot, dropped: ReadonlySet<string>) {
  const kept = new Set(images.filter(({ id }) => !dropped.has(id)).flatMap((image) => image.layers));
  return [...layers.values()].filter(({ chainId }) => !kept.has(chainId));
}

/** `table` is one that the check has read. */
function deleteRecord(database: DatabaseSync, table: string, id: string): void {
  database.prepare(`DELETE FROM ${table} WHERE id = ?`).run(id);
}

function remove(path: string): void {
  for (const point of mountPointsBelow(path).reverse()) unmountAll(point);
  unmountAll(path);
  rmSync(path, { recursive: true, force: true });
}
