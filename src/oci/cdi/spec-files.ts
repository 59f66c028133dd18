/** The CDI specifications of this machine: files in folders of which the later go first. */
import { readdirSync } from "node:fs";
import { extname, join } from "node:path";
import { messageOf } from "../../cri/status-error.ts";
import { NotedFiles } from "../../linux/file-state.ts";
import { log } from "../../log.ts";
import { parseYaml } from "../yaml.ts";
import { type CdiDocument, type ContainerEdits, readCdiDocument } from "./document.ts";

/** A device, and the file that describes it. */
export interface FoundDevice {
  edits: ContainerEdits;
  file: SpecFile;
}

export interface SpecFile {
  path: string;
  document: CdiDocument;
}

/** All specifications as they were when they were read. */
export interface SpecFiles {
  /** By full name. */
  devices: ReadonlyMap<string, FoundDevice>;
  /** Files that describe one device, in one folder: it is nobody's. By full name. */
  conflicts: ReadonlyMap<string, readonly string[]>;
  /** Files that are no specification, and why. */
  problems: readonly string[];
  /** Whether nothing has changed since. */
  isCurrent(): boolean;
}

/** Reads `*.json` and `*.yaml` of the folders, which need not exist. A file that is wrong is logged, and left out. */
export function readSpecFiles(folders: readonly string[]): SpecFiles {
  const noted = new NotedFiles();
  const devices = new Map<string, FoundDevice>();
  const conflicts = new Map<string, string[]>();
  const problems: string[] = [];
  for (const folder of folders) {
    const here = new Map<string, FoundDevice>();
    for (const path of filesIn(folder, noted)) {
      const file = readFile(path, noted, problems);
      if (!file) continue;
      for (const { name, containerEdits } of file.document.devices) {
        const fullName = `${file.document.kind}=${name}`;
        const other = here.get(fullName);
        if (other) conflicts.set(fullName, [...(conflicts.get(fullName) ?? [other.file.path]), path]);
        // What a folder before says of it, even in conflict, counts no longer.
        else conflicts.delete(fullName);
        here.set(fullName, { edits: containerEdits, file });
      }
    }
    for (const [name, device] of here) devices.set(name, device);
  }
  return { devices, conflicts, problems, isCurrent: () => noted.isCurrent() };
}

function filesIn(folder: string, noted: NotedFiles): string[] {
  if (!noted.note(folder)) return [];
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && [".json", ".yaml"].includes(extname(entry.name)))
    .map(({ name }) => name);
  return names.sort().map((name) => join(folder, name));
}

function readFile(path: string, noted: NotedFiles, problems: string[]): SpecFile | undefined {
  try {
    const content = noted.read(path);
    const parsed = path.endsWith(".json") ? JSON.parse(content) : parseYaml(content);
    return { path, document: readCdiDocument(parsed) };
  } catch (error) {
    problems.push(`${path}: ${messageOf(error)}`);
    log.warn("a CDI specification is left out", { path, error: messageOf(error) });
    return undefined;
  }
}
