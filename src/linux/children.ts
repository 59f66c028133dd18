/** The ends of this process's children, and of the orphans that fall to it once it expects any; reaped as SIGCHLD tells. */
import { constants } from "node:os";
import { check, declare } from "./libc.ts";
import { processIdentity } from "./process.ts";

const waitpid = declare("int waitpid(int pid, _Out_ int *status, int options)");
const prctl = declare(
  "int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)",
);

const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;
const ANY = -1;

/** How a process ended: one of the two is null. */
export interface ProcessEnd {
  exitCode: number | null;
  exitSignal: NodeJS.Signals | null;
}

type Listener = (end: ProcessEnd) => void;

const listeners = new Map<number, Listener>();
/** Orphans that ended while somebody was about to ask for one. */
const endedOrphans = new Map<number, ProcessEnd>();
let expectations = 0;
let adopting = false;
let following = false;
/** The signal's listener alone would let the event loop end before the child. */
const keepAlive = setInterval(() => {}, 1 << 30).unref();

/** Calls `listener` once the child `pid`, which must be new, has ended and is reaped. */
export function onChildEnd(pid: number, listener: Listener): void {
  listeners.set(pid, listener);
  keepAlive.ref();
  follow();
}

/**
 * To be made before a child is started that leaves a process behind and tells which; `close` must follow. From the first one on what
 * this process's children leave behind falls to it, in place of init, and is reaped. Whatever else in the process waits for children
 * of its own (Node's child_process) would wait in vain.
 */
export class OrphanExpectation {
  #open = true;

  /** Throws LinuxError. */
  constructor() {
    adopt();
    expectations++;
  }

  /** How the orphan `pid` ends, or has ended since this was made; rejects when its parent has waited for it. To be called once that has ended. */
  async end(pid: number): Promise<ProcessEnd> {
    const ended = processIdentity(pid) ? undefined : endedOrphans.get(pid);
    if (ended) return ended;
    if (!isUnreaped(pid)) throw new Error(`process ${pid} has ended unnoticed`);
    return await new Promise((resolve) => onChildEnd(pid, resolve));
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    if (--expectations === 0) endedOrphans.clear();
  }
}

function isUnreaped(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function adopt(): void {
  if (adopting) return;
  check(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl", "PR_SET_CHILD_SUBREAPER");
  adopting = true;
  follow();
}

function follow(): void {
  if (following) return;
  following = true;
  process.on("SIGCHLD", reap);
  // The first child may have been quicker.
  setImmediate(reap);
}

/** One signal may stand for many ends. */
function reap(): void {
  if (!adopting) for (const pid of listeners.keys()) take(pid);
  else while (take(ANY));
}

/** Reaps `pid`, or any child; false when there is none that has ended. */
function take(pid: number): boolean {
  const status: number[] = [0];
  const ended: number = waitpid(pid, status, WNOHANG);
  if (ended <= 0) return false;
  const end = endOf(status[0] ?? 0);
  const listener = listeners.get(ended);
  listeners.delete(ended);
  if (listeners.size === 0) keepAlive.unref();
  if (listener) listener(end);
  else if (expectations > 0) endedOrphans.set(ended, end);
  return true;
}

const signalNames = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number as number, name as NodeJS.Signals]),
);

function endOf(status: number): ProcessEnd {
  const signal = status & 0x7f;
  if (signal === 0) return { exitCode: (status >> 8) & 0xff, exitSignal: null };
  return { exitCode: null, exitSignal: signalNames.get(signal) ?? "SIGKILL" };
}
