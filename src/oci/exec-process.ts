/** What every exec has, with a client at it or without: a name, a cgroup, files, and a process that the runtime begins and leaves to us. */
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { hastenMoves } from "../cgroups/hasten-moves.ts";
import { type ChildProcess, type Stdio, spawn } from "../linux/child-process.ts";
import { OrphanExpectation, type ProcessEnd } from "../linux/children.ts";
import { endOf } from "../linux/program.ts";
import type { Owner } from "../linux/user-namespace.ts";
import { log } from "../log.ts";
import { observeStep } from "../observation.ts";
import { ExecCgroup } from "./exec-cgroup.ts";
import { ExecFiles } from "./exec-files.ts";
import type { Runtime } from "./runtime.ts";
import { hasRuntimeError, RuntimeError, runtimeMessage } from "./runtime-error.ts";
import type { Process } from "./spec/types.ts";

/** How long the runtime may take to begin a process. */
const BEGIN_MS = 60_000;
/** How long the runtime may take to notice that its process was killed. */
const REAP_MS = 500;

export interface ExecOptions {
  runtime: Runtime;
  /** The container's id. */
  id: string;
  /** `process` of the OCI runtime specification. */
  process: Process;
  /** Of its pipes; the daemon where absent. */
  pipeOwner?: Owner | undefined;
}

/** What the command is given: descriptors, or a terminal, which is handed over at `consoleSocket`. */
export interface ExecStdio {
  readonly stdio: readonly Stdio[];
  readonly consoleSocket?: string | undefined;
}

/** A command that runs. */
export interface Command {
  /** As a shell has it: 128 and the signal's number for one that was killed. */
  readonly exitCode: Promise<number>;
}

let count = 0;

/** An exec that is ready to be started; whatever comes of it, `release` must follow. */
export class ExecProcess {
  readonly cgroup: ExecCgroup;
  readonly files: ExecFiles;
  readonly #runtime: Runtime;
  readonly #id: string;
  #starting: ChildProcess | undefined;
  #started = false;

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

  /** Resolves once the runtime has begun the command, or failed to; at once where it was never asked. */
  async settled(): Promise<void> {
    if (this.#starting) await ended(this.#starting).catch(() => {});
  }

  /** Whether the command runs, or has run. */
  get started(): boolean {
    return this.#started;
  }

  /**
   * Has the runtime begin the command, which is ours from then on: a runtime that stayed would copy every byte, pass on the signals
   * meant for itself, and not tell of the end while anybody holds the output. RuntimeError when the command cannot be started.
   */
  start(given: ExecStdio): Promise<Command> {
    const call = { handler: this.#runtime.name, command: "exec", containerId: this.#id };
    return observeStep("runtime.call", call, () => this.#begin(given));
  }

  async #begin({ stdio, consoleSocket }: ExecStdio): Promise<Command> {
    const { path, env } = this.#runtime;
    const orphans = new OrphanExpectation();
    try {
      const starting = spawn(path, this.#args(consoleSocket), { detached: true, env, stdio });
      this.#starting = starting;
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        starting.kill("SIGKILL");
      }, BEGIN_MS);
      const end = await ended(starting).finally(() => clearTimeout(timer));
      if (isLate) throw RuntimeError.timedOut(`${this.#runtime.name} exec`, BEGIN_MS, this.files.log());
      if (end.exitCode !== 0) throw this.#failure(end);
      const pid = this.#begun();
      this.#started = true;
      return { exitCode: orphans.end(pid).then(exitCodeOf) };
    } finally {
      orphans.close();
    }
  }

  /** The process that the runtime says it has begun. */
  #begun(): number {
    const pid = this.files.pid();
    if (pid !== undefined) return pid;
    throw new RuntimeError(`${this.#runtime.name} exec`, "it ended without an error, and names no process");
  }

  /** Kills every process of the exec, the runtime too if it has not begun the command yet. What survives is logged. */
  async kill(): Promise<void> {
    try {
      await this.cgroup.kill();
    } catch (error) {
      log.warn("a process of an exec survives SIGKILL", { container_id: this.#id, error });
    }
    const starting = this.#starting;
    if (!starting || hasEnded(starting)) return;
    // It notices the end of its process, but for one that was to hand over a terminal.
    await Promise.race([ended(starting), sleep(REAP_MS, undefined, { ref: false })]);
    starting.kill("SIGKILL");
    await ended(starting);
  }

  /** Removes cgroup and files; a process that is left becomes one of the container's. */
  async release(): Promise<void> {
    await this.cgroup.release();
    this.files.remove();
  }

  #args(consoleSocket: string | undefined): string[] {
    const { processPath, pidPath, logPath } = this.files;
    const files = ["--process", processPath, "--pid-file", pidPath];
    const terminal = consoleSocket === undefined ? [] : ["--console-socket", consoleSocket];
    const exec = ["exec", "--detach", "--cgroup", this.cgroup.argument, ...files, ...terminal, this.#id];
    return [...this.#runtime.globalArgs, "--log", logPath, ...exec];
  }

  #failure(end: ProcessEnd): RuntimeError {
    const said = this.files.log();
    const reason = hasRuntimeError(said) ? runtimeMessage(said) : endOf(end);
    return new RuntimeError(`${this.#runtime.name} exec`, reason);
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** How the child ends, or has ended. Rejects when it could not be started. */
function ended(child: ChildProcess): Promise<ProcessEnd> {
  if (hasEnded(child)) return Promise.resolve({ exitCode: child.exitCode, exitSignal: child.signalCode });
  return new Promise((resolve, reject) => {
    child.once("exit", (exitCode, exitSignal) => resolve({ exitCode, exitSignal }));
    child.once("error", reject);
  });
}

function exitCodeOf({ exitCode, exitSignal }: ProcessEnd): number {
  return exitSignal ? 128 + constants.signals[exitSignal] : (exitCode ?? 0);
}
