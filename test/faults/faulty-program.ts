/** A program before the real one, which passes every call on until a trial gives one of its commands a fault. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { isRunning, processesNaming } from "../support/processes.ts";

/** How a program is told its command: by the environment, or by one of these words among its arguments. */
export type CommandSource = { variable: string } | { words: readonly string[] };

/** Stands at `path` in place of `real`. What its faults leave running names the folder, so that it can be found. */
export class FaultyProgram {
  readonly path: string;
  readonly #faults: string;

  /** Makes the program at `path`, whose folder must be there. */
  constructor(path: string, real: string, source: CommandSource) {
    this.path = path;
    this.#faults = `${path}.faults`;
    const stuck = join(dirname(path), "stuck");
    if (!existsSync(stuck)) symlinkSync("/bin/sleep", stuck);
    writeFileSync(path, script(this.#faults, real, source), { mode: 0o755 });
  }

  /**
   * From now on `command` does what the shell's `words` say; what they do not end or replace is the real call. They know
   * `$real`, `$stuck` (a sleep that can be found) and `$faults` (a path for files of their own).
   */
  fault(command: string, words: string): void {
    const path = `${this.#faults}.${command}`;
    writeFileSync(`${path}.new`, `${words}\n`);
    renameSync(`${path}.new`, path);
  }

  heal(...commands: string[]): void {
    for (const command of commands) rmSync(`${this.#faults}.${command}`, { force: true });
  }

  /** Takes all faults away, and forgets. */
  healAll(): void {
    this.comeBack();
    const folder = dirname(this.path);
    for (const name of readdirSync(folder)) {
      if (name.startsWith(`${basename(this.#faults)}.`)) rmSync(join(folder, name));
    }
  }

  /** The program is gone, until `comeBack`. */
  vanish(): void {
    renameSync(this.path, `${this.path}.gone`);
  }

  comeBack(): void {
    if (existsSync(`${this.path}.gone`)) renameSync(`${this.path}.gone`, this.path);
  }

  /** The commands that it was called with since `forget`. */
  get calls(): string[] {
    const path = `${this.#faults}.calls`;
    return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  }

  forget(): void {
    rmSync(`${this.#faults}.calls`, { force: true });
  }

  /** Pids of what the faults of the programs in this folder keep waiting. */
  get stuck(): number[] {
    const path = join(dirname(this.path), "stuck");
    return processesNaming(path)
      .filter(({ program, pid }) => program === basename(path) && isRunning(pid))
      .map(({ pid }) => pid);
  }
}

function script(faults: string, real: string, source: CommandSource): string {
  const command =
    "variable" in source
      ? `command=$${source.variable}`
      : `command=; for word; do case $word in ${source.words.join("|")}) command=$word; break;; esac; done`;
  return `#!/bin/sh
real=${real} faults=${faults} stuck=${join(dirname(faults), "stuck")}
${command}
echo "$command" >>$faults.calls
if [ -e $faults.$command ]; then . $faults.$command; fi
exec $real "$@"
`;
}
