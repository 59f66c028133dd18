import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Folder outside the checkout that keeps what takes long to make: `CRITTER_CACHE`, else /var/cache/critter. */
export function cacheDir(): string {
  return process.env.CRITTER_CACHE || "/var/cache/critter";
}

/** A short key that changes when a file in one of the folders does. Tests are left out: they make nothing. */
export function sourceKey(...folders: string[]): string {
  const hash = createHash("sha256");
  for (const folder of folders) {
    for (const name of readdirSync(folder).sort()) {
      if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
      hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}
