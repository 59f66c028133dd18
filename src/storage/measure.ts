/** What a layer's folder takes, counted as LayerWriter counts while it writes. */
import { lstatSync, readdirSync, type Stats } from "node:fs";

const PAGE = 4096;

export interface Measured {
  bytes: number;
  inodes: number;
  /** Whether a file has holes: what it takes is the file system's to say then. */
  holes: boolean;
}

/**
 * Walks everything below `folder`, which itself is not counted: contents in whole pages, a page a folder, a file with
 * several names once. Names need not be UTF-8. Throws where something cannot be read.
 */
export function measureFolder(folder: string): Measured {
  const total: Measured = { bytes: 0, inodes: 0, holes: false };
  const linked = new Set<number>();
  const waiting: Buffer[] = [Buffer.from(folder)];
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    for (const name of readdirSync(at, { encoding: "buffer" })) {
      const path = Buffer.concat([at, Buffer.from("/"), name]);
      const stats = lstatSync(path);
      if (stats.isDirectory()) waiting.push(path);
      else if (stats.nlink > 1) {
        if (linked.has(stats.ino)) continue;
        linked.add(stats.ino);
      }
      total.inodes++;
      if (stats.isDirectory()) total.bytes += PAGE;
      else if (stats.isFile()) addFile(total, stats);
    }
  }
  return total;
}

function addFile(total: Measured, { size, blocks }: Stats): void {
  const taken = blocks * 512;
  const hasHoles = taken < size;
  total.bytes += hasHoles ? taken : Math.ceil(size / PAGE) * PAGE;
  total.holes ||= hasHoles;
}
