/** A bundle on disk: the folder with config.json (OCI runtime specification, bundle.md). */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Spec } from "./spec/types.ts";

/** Writes config.json, which has the environment and so its secrets, into `folder`; that is made if absent. */
export function writeBundle(folder: string, spec: Spec): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "config.json"), JSON.stringify(spec), { mode: 0o600 });
}

/** What config.json says. Rejects where there is none. */
export async function readSpec(folder: string): Promise<Spec> {
  return JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
}

/** Removes the folder of a bundle; it need not be there. */
export function removeBundle(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
