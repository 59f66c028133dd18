/** The monitor of a container: conmon 2.1, or a program that understands its options. It starts the runtime and stays. */

import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { hastenMoves } from "../cgroups/hasten-moves.ts";
import { messageOf } from "../cri/status-error.ts";
import { type ChildProcess, spawn } from "../linux/child-process.ts";
import { isDescendant, type ProcessIdentity, processIdentity } from "../linux/process.ts";
import { killGroup, killWithChildren } from "../linux/process-tree.ts";
import { collect, endOf } from "../linux/program.ts";
import { log } from "../log.ts";
import { observeStep } from "../observation.ts";
import { type MonitorAnswer, readAnswer } from "./monitor-answer.ts";
import type { Runtime } from "./runtime.ts";
import { RuntimeError, runtimeMessage } from "./runtime-error.ts";

const DEFAULT_TIMEOUT_MS = 240_000;
const PATIENCE_MS = 1_000;
const SYNC_FD = 3;

export interface MonitorOptions {
  /** The monitor's program. */
  path: string;
  /** Environment of the monitor and of the runtime it starts, as `NAME=VALUE`. */
  env: readonly string[];
  /** Folder of the exit files, one a container, named by its id. */
  exitDir: string;
  /** Folder of a folder for each container, named by its id, with the file `oom`. */
  persistDir: string;
  /** Most bytes of a log, -1 for no limit. */
  logSizeMax: number;
  /** Whether a log is left to the page cache when its container ends, instead of fsync before the exit file is written. */
  noSyncLog?: boolean;
  /** After so long monitor and runtime are killed, unless a creation has a time of its own. Four minutes when absent. */
  createTimeoutMs?: number;
  runtime: Runtime;
  /** The monitor's own log level; what it says after its start goes nowhere. */
  logLevel?: "trace" | "debug" | "info" | "warn" | "error";
}

export interface CreateOptions {
  /** The container's id, also for the runtime. */
  id: string;
  /** Shown in the process list. */
  name: string;
  /** Folder with config.json. `pidfile`, `conmon.pid`, the `ctl` FIFO and the `attach` socket are made in it. */
  bundle: string;
  /** Absolute path of the log in the CRI's format; empty for none. */
  logPath: string;
  stdin: boolean;
  /** Whether stdin closes when the first client that attaches leaves. */
  stdinOnce: boolean;
  tty: boolean;
  /** Puts the monitor into its cgroup, once the container is made: before, the move would hold up the runtime by 10 ms. */
  cgroup?: (monitorPid: number) => void | Promise<void>;
  /** In place of the handler's `createTimeoutMs`. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** A container that waits for `runtime.start`, and its monitor. */
export interface MonitoredContainer {
  process: ProcessIdentity;
  monitor: ProcessIdentity;
}

/** Starts monitors for one runtime handler. */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #env: NodeJS.ProcessEnv;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#env = Object.fromEntries(options.env.map((entry) => entry.split(/=(.*)/s)));
    mkdirSync(options.exitDir, { recursive: true, mode: 0o700 });
    mkdirSync(options.persistDir, { recursive: true, mode: 0o700 });
  }

  /**
   * Starts a monitor, which lets the runtime create the container. Throws RuntimeError with what the runtime said, or the
   * monitor; after any error no process, no container of the runtime and no file in `persistDir` is left.
   */
  createContainer(options: CreateOptions): Promise<MonitoredContainer> {
    const call = { handler: this.#options.runtime.name, command: "create", containerId: options.id };
    return observeStep("runtime.call", call, () => this.#create(options));
  }

  async #create(options: CreateOptions): Promise<MonitoredContainer> {
    options.signal?.throwIfAborted();
    mkdirSync(this.#persistDir(options.id), { recursive: true, mode: 0o700 });
    // What is read after the start must be of this start.
    rmSync(join(options.bundle, "conmon.pid"), { force: true });
    // Not earlier: the moves pass at once for some 10 ms only, and the runtime gets there in 20.
    hastenMoves();
    const launched = this.#launch(options);
    try {
      return await this.#converse(launched, options);
    } catch (error) {
      await this.#undo(launched, options);
      throw error;
    }
  }

  #persistDir(id: string): string {
    return join(this.#options.persistDir, id);
  }

  #launch(options: CreateOptions): Launched {
    const child = spawn(this.#options.path, this.#args(options), {
      detached: true,
      cwd: options.bundle,
      // In the locale C its options take no path that is not ASCII.
      env: { LC_ALL: "C.UTF-8", ...this.#env, _OCI_SYNCPIPE: String(SYNC_FD) },
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    return new Launched(child);
  }

  #args(options: CreateOptions): string[] {
    const { exitDir, logSizeMax, noSyncLog, logLevel = "error", runtime } = this.#options;
    const { id, name, bundle, logPath, stdin, stdinOnce, tty } = options;
    return [
      ...["-c", id, "-u", id, "-n", name, "-b", bundle, "-r", runtime.path],
      ...["-p", join(bundle, "pidfile"), "-P", join(bundle, "conmon.pid")],
      ...["--exit-dir", exitDir, "--persist-dir", this.#persistDir(id), "--full-attach"],
      ...["-l", logPath === "" ? "none" : `k8s-file:${logPath}`, "--log-level", logLevel],
      ...(logPath !== "" && logSizeMax >= 0 ? ["--log-size-max", String(logSizeMax)] : []),
      ...(noSyncLog ? ["--no-sync-log"] : []),
      ...(stdin ? ["-i"] : []),
      ...(stdin && !stdinOnce ? ["--leave-stdin-open"] : []),
      ...(tty ? ["-t"] : []),
      ...runtime.globalArgs.map((arg) => `--runtime-arg=${arg}`),
    ];
  }

  async #converse(launched: Launched, options: CreateOptions): Promise<MonitoredContainer> {
    const { timeoutMs = this.#options.createTimeoutMs ?? DEFAULT_TIMEOUT_MS, signal } = options;
    await launched.started;
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(this.#late(timeoutMs)), timeoutMs);
    const onAbort = () => reject(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    try {
      if (signal?.aborted) onAbort();
      const container = await Promise.race([this.#outcome(launched, options), stopped]);
      await Promise.race([options.cgroup?.(container.monitor.pid), stopped]);
      launched.letGo();
      return container;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #outcome(launched: Launched, { bundle, id }: CreateOptions): Promise<MonitoredContainer> {
    const answer = await this.#answer(launched);
    if (!answer) throw this.#error(await launched.lastWords());
    if (answer.pid < 0) throw this.#error(runtimeMessage(answer.message) || (await launched.lastWords()));
    // The launcher writes conmon.pid before it exits.
    await launched.exited;
    const process = processIdentity(answer.pid);
    const monitor = processIdentity(Number(readPid(bundle)));
    if (!process || !monitor)
      throw this.#error(`container ${id} or its monitor was killed while being created`);
    // It will be sent signals: a number that is another's must not be believed.
    if (!isDescendant(process.pid, monitor.pid))
      throw this.#error(
        `the monitor ${this.#options.path} names process ${process.pid}, which is not its own`,
      );
    return { process, monitor };
  }

  async #answer(launched: Launched): Promise<MonitorAnswer | undefined> {
    try {
      return await readAnswer(launched.sync);
    } catch (error) {
      throw this.#error(`the monitor ${this.#options.path} ${messageOf(error)}`);
    }
  }

  #error(said: string): RuntimeError {
    return new RuntimeError(`${this.#options.runtime.name} create`, said);
  }

  #late(timeoutMs: number): RuntimeError {
    return RuntimeError.timedOut(`${this.#options.runtime.name} create`, timeoutMs, "");
  }

  async #undo(launched: Launched, { id, bundle }: CreateOptions): Promise<void> {
    await launched.end();
    const monitor = processIdentity(Number(readPid(bundle)));
    // conmon lets the runtime's command die with it (PR_SET_PDEATHSIG), but says so only some time after the fork.
    if (monitor) await killWithChildren(monitor);
    launched.letGo();
    try {
      await this.#options.runtime.delete(id, { force: true });
    } catch (error) {
      log.warn("runtime cannot delete a half-made container", { container_id: id, error });
    }
    rmSync(this.#persistDir(id), { recursive: true, force: true });
    rmSync(join(this.#options.exitDir, id), { force: true });
  }
}

/** The process that was started. It forks the monitor proper, writes conmon.pid and exits. */
class Launched {
  readonly sync: Readable;
  /** Rejects when it cannot be started. */
  readonly started: Promise<void>;
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;
  readonly #stderr: () => Buffer;
  /** Then its number, and its group's, may be another's. */
  #hasExited = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    // Without a descriptor left to open there are no pipes, and the error comes as an event.
    this.sync = child.stdio?.[SYNC_FD] as Readable;
    this.#stderr = collect(child.stderr, 16_384);
    this.exited = new Promise((resolve) =>
      child.on("exit", (exitCode, exitSignal) => {
        this.#hasExited = true;
        resolve(endOf({ exitCode, exitSignal }));
      }),
    );
    this.started = new Promise((resolve, reject) => {
      child.on("error", (cause) =>
        reject(new RuntimeError(child.spawnfile, `cannot be started: ${cause.message}`, { cause })),
      );
      if (child.pid !== undefined) resolve();
    });
  }

  /** What is known of a monitor that ended without an answer. */
  async lastWords(): Promise<string> {
    const end = await this.exited;
    const said = this.#stderr().toString().trim();
    return `the monitor ${this.#child.spawnfile} ended without an answer (it ${end})${said && `: ${said}`}`;
  }

  /** Ends it, though not before it has written down which monitor it forked. */
  async end(): Promise<void> {
    if (this.#child.pid === undefined) return;
    await Promise.race([this.exited, sleep(PATIENCE_MS, undefined, { ref: false })]);
    // With what it has started, but for the monitor, which leads a session of its own.
    if (!this.#hasExited) killGroup(this.#child.pid);
    await this.exited;
  }

  /** Closes our ends of the pipes: the monitor keeps its own as long as it lives. */
  letGo(): void {
    this.sync?.destroy();
    this.#child.stderr?.destroy();
  }
}

function readPid(bundle: string): string {
  try {
    return readFileSync(join(bundle, "conmon.pid"), "latin1").trim();
  } catch {
    return "";
  }
}
