/** OCI hooks that crio.conf's `hooks_dir` brings into containers (oci-hooks(5)). */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../config/load.ts";
import { failedPrecondition, messageOf } from "../../cri/status-error.ts";
import { FolderWatch } from "../../linux/folder-watch.ts";
import { log } from "../../log.ts";
import { addHook } from "../spec/hooks.ts";
import type { Spec } from "../spec/types.ts";
import { type HookFacts, type HookFile, readHookFile } from "./hook-file.ts";
import { withinTime } from "./time-limit.ts";

/** Longest time, in ms, for the patterns of all files and one container. */
const patience = 50;

/** The hooks of some folders, which need not exist; they are followed until `close`. */
export class OciHooks {
  readonly #folders: readonly string[];
  readonly #watches: FolderWatch[];
  /** By path, in the order in which they are run. */
  #files: ReadonlyMap<string, HookFile>;

  /**
   * Reads the folders; a file in a later one takes the place of one with its name. Throws ConfigError for a file that is
   * wrong: a container must not run without its hook.
   */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
    this.#files = readFiles(folders, (path, error) => {
      throw new ConfigError(`crio.runtime.hooks_dir: ${path}: ${messageOf(error)}`, { cause: error });
    });
    this.#watches = folders.map((folder) => new FolderWatch(folder, () => this.#read()));
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
  }

  /** Adds to `spec` the hooks of the files that match. FAILED_PRECONDITION when that cannot be found out in time. */
  addTo(spec: Spec, facts: () => HookFacts): void {
    if (this.#files.size === 0) return;
    for (const { stages, hook } of this.#matching(facts()))
      for (const stage of new Set(stages)) addHook(spec, stage, hook);
  }

  #matching(facts: HookFacts): HookFile[] {
    const files = [...this.#files.values()];
    const matching = () => files.filter((file) => file.matches(facts));
    if (!files.some(({ hasPatterns }) => hasPatterns)) return matching();
    try {
      return withinTime(patience, matching);
    } catch (error) {
      const paths = [...this.#files].filter(([, { hasPatterns }]) => hasPatterns).map(([path]) => path);
      throw failedPrecondition(`the patterns of ${paths.join(", ")} cannot be matched: ${messageOf(error)}`);
    }
  }

  #read(): void {
    const before = this.#files;
    try {
      this.#files = readFiles(this.#folders, (path, error) => {
        log.error("a hook file is wrong", { path, error: messageOf(error), kept: before.has(path) });
        return before.get(path);
      });
      log.info("hooks read again", { files: [...this.#files.keys()] });
    } catch (error) {
      log.error("hooks not read again, the old ones stay", { error: messageOf(error) });
    }
  }
}

function readFiles(
  folders: readonly string[],
  onWrong: (path: string, error: unknown) => HookFile | undefined,
): Map<string, HookFile> {
  const paths = new Map(
    folders.flatMap((folder) => namesIn(folder).map((name) => [name, join(folder, name)])),
  );
  const order = [...paths].sort(([a], [b]) => compare(a.toLowerCase(), b.toLowerCase()) || compare(a, b));
  const files = new Map<string, HookFile>();
  for (const [, path] of order) {
    const file = readOr(path, onWrong);
    if (file) files.set(path, file);
  }
  return files;
}

function readOr(
  path: string,
  onWrong: (path: string, error: unknown) => HookFile | undefined,
): HookFile | undefined {
  try {
    return readHookFile(path);
  } catch (error) {
    // Gone since the folder was listed.
    return existsSync(path) ? onWrong(path, error) : undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new ConfigError(`crio.runtime.hooks_dir: ${messageOf(error)}`, { cause: error });
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
