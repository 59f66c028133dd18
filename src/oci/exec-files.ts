/** What passes between us and the runtime in an exec, besides the streams: the process to run, and the runtime's own log. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, parse } from "node:path";
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
  readonly processPath: string;
  readonly logPath: string;

  constructor(runtime: Runtime, name: string) {
    const folder = execFolder(runtime);
    this.processPath = join(folder, `${name}.json`);
    this.logPath = join(folder, `${name}.log`);
  }

  /** Writes the process to run, as the runtime reads it. */
  writeProcess(process: object): void {
    mkdirSync(dirname(this.processPath), { recursive: true, mode: 0o700 });
    writeFileSync(this.processPath, JSON.stringify(process), { mode: 0o600 });
  }

  /** What the runtime has logged so far. */
  log(): string {
    try {
      return readFileSync(this.logPath, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
      throw error;
    }
  }

  remove(): void {
    rmSync(this.processPath, { force: true });
    rmSync(this.logPath, { force: true });
  }
}
