/** Seccomp profiles in files, each read once and again when it has changed. */
import { readFileSync, statSync } from "node:fs";
import { fileState } from "../../linux/file-state.ts";
import { parseProfile } from "./parse.ts";
import type { SeccompProfile } from "./profile.ts";

const known = new Map<string, { state: string; profile: SeccompProfile }>();
/** More files than a node has; those that are no longer used must not stay for ever. */
const maximumKnown = 100;
/** Real ones have some 20 KiB. */
const MOST_BYTES = 4 * 1024 * 1024;

/** The profile in the file `path`; the same object until the file changes. Throws an Error that names the file. */
export function profileInFile(path: string): SeccompProfile {
  if (!path.startsWith("/")) throw new Error("it must be an absolute path");
  const state = fileState(path);
  if (state === undefined) throw new Error(`there is no file ${path}`);
  const found = known.get(path);
  if (found?.state === state) return found.profile;
  const profile = parseProfile(path, readPlainFile(path));
  if (known.size >= maximumKnown) known.clear();
  known.set(path, { state, profile });
  return profile;
}

/** A FIFO would hold the daemon up for ever, as would /proc/kmsg (which seems a plain file, and empty), and /dev/zero has no end. */
function readPlainFile(path: string): string {
  const stat = statSync(path);
  if (!stat.isFile() || stat.size === 0) throw new Error(`${path} is not a plain file with a profile`);
  if (stat.size > MOST_BYTES) throw new Error(`${path} has ${stat.size} bytes, over ${MOST_BYTES}`);
  return readFileSync(path, "utf8");
}
