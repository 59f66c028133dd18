/** What every exec has, with a client at it or without: a name, a cgroup, files, the runtime's command line, and its verdict. */
import { hastenMoves } from "../cgroups/hasten-moves.ts";
import { log } from "../log.ts";
import { ExecCgroup } from "./exec-cgroup.ts";
import { ExecFiles } from "./exec-files.ts";
import type { Runtime } from "./runtime.ts";
import { hasRuntimeError, RuntimeError, runtimeMessage } from "./runtime-error.ts";

export interface ExecOptions {
  runtime: Runtime;
  /** The container's id. */
  id: string;
  /** `process` of the OCI runtime specification. */
  process: object;
}

/** How the runtime's command ended. */
export interface RuntimeEnd {
  exitCode: number | null;
  exitSignal: NodeJS.Signals | null;
}

let count = 0;

/** An exec that is ready to be started by `runtime.path` with `args`; whatever comes of it, `release` must follow. */
export class ExecProcess {
  readonly cgroup: ExecCgroup;
  readonly files: ExecFiles;
  readonly #runtime: Runtime;
  readonly #id: string;

  /** Makes cgroup and files. Throws RuntimeError when the runtime has no such container. */
  constructor({ runtime, id, process: command }: ExecOptions) {
    hastenMoves();
    this.#runtime = runtime;
    this.#id = id;
    const name = `exec-${process.pid}-${++count}`;
    this.files = new ExecFiles(runtime, name);
    try {
      // First of all: by the files a later daemon knows that there may be a cgroup.
      this.files.writeProcess(command);
      this.cgroup = new ExecCgroup(runtime, id, name);
    } catch (error) {
      this.files.remove();
      throw error;
    }
  }

  /** The runtime's arguments; `debug` has it log more. */
  args({ debug = false } = {}): string[] {
    const { globalArgs } = this.#runtime;
    const logging = [...(debug ? ["--debug"] : []), "--log", this.files.logPath];
    const exec = ["exec", "--cgroup", this.cgroup.argument, "--process", this.files.processPath, this.#id];
    return [...globalArgs, ...logging, ...exec];
  }

  /** The process's exit code. RuntimeError where the runtime has ended for reasons of its own. */
  exitCode({ exitCode, exitSignal }: RuntimeEnd): number {
    if (exitCode === 0) return exitCode;
    const command = `${this.#runtime.name} exec`;
    // The runtime's exit code is its process's; only the log tells a failure of its own.
    const said = this.files.log();
    if (hasRuntimeError(said)) throw new RuntimeError(command, runtimeMessage(said));
    if (exitCode === null) throw new RuntimeError(command, `was ended by ${exitSignal}`);
    return exitCode;
  }

  /** Kills every process of the exec: the runtime then reaps its child, and ends by itself. One that survives is logged. */
  async kill(): Promise<void> {
    try {
      await this.cgroup.kill();
    } catch (error) {
      log.warn("a process of an exec survives SIGKILL", { container_id: this.#id, error });
    }
  }

  /** Removes cgroup and files; a process that is left becomes one of the container's. */
  async release(): Promise<void> {
    await this.cgroup.release();
    this.files.remove();
  }
}
