/** Files that are read again when they change. */
import { readFileSync, type Stats, statSync } from "node:fs";

/** What tells that a file was changed since: undefined when there is none. */
export function fileState(path: string): string | undefined {
  const stat = statOf(path);
  return stat?.isFile() ? stateOf(stat) : undefined;
}

/** Reads files and notes how they were, so that a change in any of them, or in a folder's entries, is seen later. */
export class NotedFiles {
  readonly #states = new Map<string, string | undefined>();

  /** Notes a file or folder without reading it; whether it exists. */
  note(path: string): boolean {
    const state = pathState(path);
    this.#states.set(path, state);
    return state !== undefined;
  }

  /** The file's text. Throws the error of the file system. */
  read(path: string): string {
    this.note(path);
    return readFileSync(path, "utf8");
  }

  /** Whether everything noted is as it was. */
  isCurrent(): boolean {
    return [...this.#states].every(([path, state]) => pathState(path) === state);
  }
}

/** As `fileState`, of a folder too. */
export function pathState(path: string): string | undefined {
  const stat = statOf(path);
  return stat && stateOf(stat);
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // A name that is made of a request's may be longer than any file's.
    if ((error as NodeJS.ErrnoException).code === "ENAMETOOLONG") return undefined;
    throw error;
  }
}

function stateOf({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}
