/** What a store at rest says of itself: records, users and folders. Nothing is changed by reading it. */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { messageOf } from "../cri/status-error.ts";
import { type ImageRecord, isImageRecord } from "./image-record.ts";
import { isLayerRecord, type LayerRecord } from "./layer-record.ts";
import { type Measured, measureFolder } from "./measure.ts";

/** A container or a pod sandbox, and the images that it cannot do without. */
export interface StoreUser {
  kind: "container" | "pod sandbox";
  id: string;
  imageIds: string[];
}

export interface StoreSnapshot {
  /** The storage's folder. */
  root: string;
  bootId: string;
  images: ImageRecord[];
  /** By chain ID. */
  layers: Map<string, LayerRecord>;
  users: StoreUser[];
  /** Records that are not what they should be, by table and id. */
  unreadable: { table: string; id: string }[];
  /** Names of the layers' folders, with what they take, or why that cannot be told. */
  layerFolders: Map<string, Measured | string>;
  /** Names of the containers' root filesystems. */
  rootfsFolders: string[];
  /** Names of the images' shared mounts: their IDs without the algorithm. */
  sharedFolders: string[];
  /** Names and sizes of unfinished downloads. */
  partials: { name: string; bytes: number }[];
}

/** Reads the store whose database is `database` and whose folder is `root`; `users` come from the caller's own tables. */
export function readSnapshot(
  database: DatabaseSync,
  root: string,
  users: StoreUser[],
  bootId: string,
): StoreSnapshot {
  const unreadable: StoreSnapshot["unreadable"] = [];
  const images = readRecords(database, "images", isImageRecord, unreadable);
  const layers = readRecords(database, "layers", isLayerRecord, unreadable);
  const overlay = join(root, "overlay");
  const blobs = join(root, "blobs", "sha256");
  return {
    root,
    bootId,
    images,
    layers: new Map(layers.map((layer) => [layer.chainId, layer])),
    users,
    unreadable,
    layerFolders: new Map(namesIn(overlay).map((name) => [name, measured(join(overlay, name))])),
    rootfsFolders: namesIn(root, "overlay-containers"),
    sharedFolders: namesIn(root, "overlay-shared"),
    partials: namesIn(blobs).map((name) => ({ name, bytes: lstatSync(join(blobs, name)).size })),
  };
}

/** The records of a table that pass `isValid`; the ids of the others are added to `unreadable`. No table has none. */
export function readRecords<T>(
  database: DatabaseSync,
  table: string,
  isValid: (record: unknown) => record is T,
  unreadable: StoreSnapshot["unreadable"],
): T[] {
  const exists = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table);
  if (!exists) return [];
  const records: T[] = [];
  for (const row of database.prepare(`SELECT id, record FROM ${table} ORDER BY id`).all()) {
    const record = parsed(String(row.record));
    if (typeof record === "object" && record !== null && isValid(record)) records.push(record);
    else unreadable.push({ table, id: String(row.id) });
  }
  return records;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function measured(folder: string): Measured | string {
  try {
    if (!lstatSync(folder).isDirectory()) return "it is not a folder";
    return measureFolder(folder);
  } catch (error) {
    return messageOf(error);
  }
}

/** Names in a folder; none where it does not exist. */
function namesIn(...parts: string[]): string[] {
  try {
    return readdirSync(join(...parts));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
