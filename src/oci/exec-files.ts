/** What passes between us and the runtime in an exec, besides the streams: the process to run, its number, the runtime's own log. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, parse } from "node:path";
import type { Runtime } from "./runtime.ts";

/** The folder for the files of all execs. It stands beside the state folder, in which every folder counts as a container. */
export function execFolder({ root }: Runtime): string {
  return `${root}-exec`;
}

/** The names of the execs that have files. */
export function execNames(runtime: Runtime): string[] {
  const folder = execFolder(runtime);
  if (!existsSync(folder)) return [];
  return [...new Set(readdirSync(folder).map((file) => parse(file).name))];
}

/** The files of the exec `name`. */
export class ExecFiles {
  readonly folder: string;
  readonly processPath: string;
  readonly pidPath: string;
  readonly logPath: string;
  /** In the folder: where the runtime hands over the command's terminal. */
  readonly consoleSocket: string;

  constructor(runtime: Runtime, name: string) {
    this.folder = execFolder(runtime);
    this.processPath = join(this.folder, `${name}.json`);
    this.pidPath = join(this.folder, `${name}.pid`);
    this.logPath = join(this.folder, `${name}.log`);
    this.consoleSocket = `${name}.sock`;
  }

  /** Writes the process to run, as the runtime reads it. */
  writeProcess(process: object): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    writeFileSync(this.processPath, JSON.stringify(process), { mode: 0o600 });
  }

  /** The number of the process that the runtime has begun; undefined where it tells none. */
  pid(): number | undefined {
    const pid = Number(readOrEmpty(this.pidPath));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  }

  /** What the runtime has logged so far. */
  log(): string {
    return readOrEmpty(this.logPath);
  }

  remove(): void {
    for (const path of [
      this.processPath,
      this.pidPath,
      this.logPath,
      join(this.folder, this.consoleSocket),
    ]) {
      rmSync(path, { force: true });
    }
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
