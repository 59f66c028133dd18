/** The files of a CRI-O node, one laid over the other as CRI-O does. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, isHandler } from "../settings.ts";
import { type Leaf, Leaves } from "./leaves.ts";

export interface CrioFiles {
  leaves: Leaves;
  /** Settings that a later file has done away with, and the place of the table that did. */
  replaced: { leaf: Leaf; by: string }[];
}

/**
 * Reads `paths` in their order: files, and folders with all the files in them in order of name. A later value of a key wins; a
 * runtime's table in a later file takes the place of the whole table before it.
 * @throws ConfigError for what cannot be read, is no TOML, or has no table `crio`.
 */
export function readCrioFiles(paths: readonly string[]): CrioFiles {
  const result: CrioFiles = { leaves: new Leaves(), replaced: [] };
  const files = paths.flatMap(filesAt);
  for (const file of files) lay(result, Leaves.read(file));
  const known = result.leaves.tables().some(({ path }) => path[0] === "crio");
  if (known || result.leaves.all().length === 0) return result;
  throw new ConfigError(`${files.join(", ")}: there is no table crio: this is not a crio.conf`);
}

function lay({ leaves, replaced }: CrioFiles, later: Leaves): void {
  for (const { path, place } of later.tables()) {
    if (!isHandler(path)) continue;
    replaced.push(...leaves.below(...path).map((leaf) => ({ leaf, by: place })));
    leaves.drop(...path);
  }
  leaves.merge(later);
}

function filesAt(path: string): string[] {
  try {
    return filesBelow(path);
  } catch (error) {
    throw new ConfigError(`configuration file cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}
