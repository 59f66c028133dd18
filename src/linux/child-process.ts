/**
 * Child processes by posix_spawn(3), in the shape of Node's: that one forks, which for this daemon's size takes 3 to 5 ms of
 * the main thread for every child; this one shares memory with the child until it has begun, and takes a quarter of one. */
import { EventEmitter } from "node:events";
import { closeSync, openSync } from "node:fs";
import { Socket } from "node:net";
import { onChildEnd, type ProcessEnd } from "./children.ts";
import { declare, LinuxError } from "./libc.ts";
import { openPipe } from "./pipe.ts";

const initActions = declare("int posix_spawn_file_actions_init(void *actions)");
const destroyActions = declare("int posix_spawn_file_actions_destroy(void *actions)");
const addDup = declare("int posix_spawn_file_actions_adddup2(void *actions, int fd, int target)");
const addChdir = declare("int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)");
const initAttributes = declare("int posix_spawnattr_init(void *attributes)");
const setFlags = declare("int posix_spawnattr_setflags(void *attributes, short flags)");
const setDefaults = declare("int posix_spawnattr_setsigdefault(void *attributes, const void *signals)");
const posixSpawn = declare(
  "int posix_spawnp(_Out_ int *pid, const char *path, const void *actions, const void *attributes, const char **argv, const char **envp)",
);

const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
/** Larger than posix_spawn_file_actions_t, posix_spawnattr_t and sigset_t of any glibc. */
const STRUCT_BYTES = 512;

export interface SpawnOptions {
  /** The program's folder; the daemon's when absent. */
  cwd?: string;
  /** Complete environment; the daemon's own when absent. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Whether it leads a session, and so a process group, of its own. */
  detached?: boolean;
  /** What its descriptors are, from 0. */
  stdio: readonly Stdio[];
}

/** What a descriptor of the child is: /dev/null, a pipe (0 to write to, others to read from), or one of ours, above all of the child's. */
export type Stdio = "ignore" | "pipe" | { fd: number };

interface Events {
  /** It could not be started. */
  error: [LinuxError];
  exit: [number | null, NodeJS.Signals | null];
  /** It has ended, and its pipes too. */
  close: [number | null, NodeJS.Signals | null];
}

let devNull = -1;

/** Starts `path` (looked up in the daemon's PATH) with `args`. A failure comes as the event `error`, and there is no pid. */
export function spawn(path: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return new ChildProcess(path, args, options);
}

/** A child under way; like Node's as far as it goes. */
export class ChildProcess extends EventEmitter<Events> {
  readonly spawnfile: string;
  readonly pid: number | undefined;
  readonly stdio: readonly (Socket | null)[];
  exitCode: number | null = null;
  signalCode: NodeJS.Signals | null = null;

  constructor(path: string, args: readonly string[], options: SpawnOptions) {
    super();
    this.spawnfile = path;
    const pipes = new Pipes(options.stdio);
    try {
      this.pid = start(path, args, options, pipes.theirs);
    } catch (error) {
      pipes.closeOurs();
      this.stdio = [];
      process.nextTick(() => this.emit("error", error as LinuxError));
      return;
    } finally {
      pipes.closeTheirs();
    }
    this.stdio = pipes.sockets();
    onChildEnd(this.pid, (end) => this.#ended(end));
  }

  get stdin(): Socket | null {
    return this.stdio[0] ?? null;
  }

  get stdout(): Socket | null {
    return this.stdio[1] ?? null;
  }

  get stderr(): Socket | null {
    return this.stdio[2] ?? null;
  }

  /** Sends a signal, unless it has ended. */
  kill(signal: NodeJS.Signals): void {
    if (this.pid === undefined || this.exitCode !== null || this.signalCode !== null) return;
    process.kill(this.pid, signal);
  }

  #ended({ exitCode, exitSignal }: ProcessEnd): void {
    this.exitCode = exitCode;
    this.signalCode = exitSignal;
    this.stdin?.destroy();
    this.emit("exit", exitCode, exitSignal);
    this.#closeWhenRead();
  }

  #closeWhenRead(): void {
    const open = this.stdio.slice(1).filter((socket) => socket && !socket.closed);
    let left = open.length;
    const closed = () => this.emit("close", this.exitCode, this.signalCode);
    if (left === 0) closed();
    for (const socket of open) socket?.once("close", () => --left === 0 && closed());
  }
}

/** Both ends of a child's pipes. */
class Pipes {
  /** One a descriptor of the child's; -1 where it is no pipe. */
  readonly theirs: number[] = [];
  readonly #ours: number[] = [];

  constructor(stdio: SpawnOptions["stdio"]) {
    for (const [index, kind] of stdio.entries()) {
      const { reading, writing } = kind === "pipe" ? openPipe(stdio.length) : { reading: -1, writing: -1 };
      this.theirs.push(index === 0 ? reading : writing);
      this.#ours.push(index === 0 ? writing : reading);
    }
  }

  sockets(): (Socket | null)[] {
    return this.#ours.map((fd, index) => {
      if (fd === -1) return null;
      return new Socket({ fd, readable: index !== 0, writable: index === 0 });
    });
  }

  closeTheirs(): void {
    for (const fd of this.theirs) if (fd !== -1) closeSync(fd);
  }

  closeOurs(): void {
    for (const fd of this.#ours) if (fd !== -1) closeSync(fd);
  }
}

function start(path: string, args: readonly string[], options: SpawnOptions, fds: readonly number[]): number {
  const actions = Buffer.alloc(STRUCT_BYTES);
  initActions(actions);
  try {
    for (const [target, kind] of options.stdio.entries()) {
      if (kind === "ignore") addDup(actions, nullDevice(), target);
      else if (kind === "pipe") addDup(actions, fds[target], target);
      else addDup(actions, kind.fd, target);
    }
    if (options.cwd !== undefined) addChdir(actions, options.cwd);
    const pid: number[] = [0];
    const environment = Object.entries(options.env ?? process.env).map(([name, value]) => `${name}=${value}`);
    const argv = [path, ...args, null];
    const failure = posixSpawn(pid, path, actions, attributes(options.detached ?? false), argv, [
      ...environment,
      null,
    ]);
    if (failure !== 0) throw new LinuxError("spawn", failure, path);
    return pid[0] as number;
  } finally {
    destroyActions(actions);
  }
}

function nullDevice(): number {
  if (devNull === -1) devNull = openSync("/dev/null", "r+");
  return devNull;
}

/** Signals 1 to 31, but for SIGKILL and SIGSTOP, which nobody can set. */
const settableSignals = 0x7fffffff & ~(1 << 8) & ~(1 << 18);

/** No signal blocked, and none ignored (Node ignores SIGPIPE): both would outlive exec. */
function attributes(session: boolean): Buffer {
  const buffer = Buffer.alloc(STRUCT_BYTES);
  initAttributes(buffer);
  const signals = Buffer.alloc(STRUCT_BYTES);
  signals.writeUInt32LE(settableSignals, 0);
  setDefaults(buffer, signals);
  setFlags(buffer, SETSIGDEF | SETSIGMASK | (session ? SETSID : 0));
  return buffer;
}
