/** Processes named so that a reused number is never taken for the old one: pid, start time and boot together. */
import { closeSync } from "node:fs";
import { bootId } from "./boot-id.ts";
import { readKernelFile } from "./kernel-file.ts";
import { check, declare, LinuxError } from "./libc.ts";

const syscall = declare("long syscall(long number, long a, long b, long c, long d)");
const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;

/** One process for all time; plain data, fit for the state database. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks from boot to the process's start. */
  readonly startTime: number;
  /** The kernel's ID of that boot: the next one counts from 0 too. Absent in what earlier versions have written. */
  readonly boot?: string;
}

/** The fields of /proc/PID/stat (proc(5)) from the third on, the state; none when nobody has the number. */
export function statFields(pid: number | string): string[] {
  const stat = readKernelFile(`/proc/${pid}/stat`);
  // The command's name stands in parentheses and may hold anything, so count from the last one.
  return stat === undefined ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Who has the number `pid` now; undefined when nobody has, or only a zombie. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  const [state, ...fields] = statFields(pid);
  const startTime = Number(fields[18]);
  if (state === "Z" || state === "X" || !Number.isFinite(startTime)) return undefined;
  return { pid, startTime, boot: bootId() };
}

/** Whether process `pid` is `ancestor`'s child, or a child's child at any depth. */
export function isDescendant(pid: number, ancestor: number): boolean {
  // After the state comes the parent.
  for (let parent = Number(statFields(pid)[1]); parent > 0; parent = Number(statFields(parent)[1])) {
    if (parent === ancestor) return true;
  }
  return false;
}

/** The exit code of a process that has ended and was not waited for, as of a shell: 128 and the signal's number. Undefined otherwise. */
export function zombieExitCode({ pid, startTime }: ProcessIdentity): number | undefined {
  const [state, ...fields] = statFields(pid);
  if (state !== "Z" || Number(fields[18]) !== startTime) return undefined;
  const status = Number(fields[48]);
  return status & 0x7f ? 128 + (status & 0x7f) : status >> 8;
}

/** Whether the machine has not been started anew since the process was. */
export function isOfThisBoot({ boot = bootId() }: ProcessIdentity): boolean {
  return boot === bootId();
}

/** Whether that very process still runs; a zombie does not. */
export function isAlive(identity: ProcessIdentity): boolean {
  return isOfThisBoot(identity) && processIdentity(identity.pid)?.startTime === identity.startTime;
}

/** Sends `signal` (a number) to that very process. False when it is gone; throws LinuxError when the kernel refuses. */
export function signalProcess(identity: ProcessIdentity, signal: number): boolean {
  const pidfd = openPidfd(identity.pid);
  if (pidfd === undefined) return false;
  try {
    if (!isAlive(identity)) return false;
    const sent = syscall(SYS_pidfd_send_signal, pidfd, signal, 0, 0);
    check(sent, "pidfd_send_signal", `${signal} to process ${identity.pid}`);
    return true;
  } catch (error) {
    if ((error as LinuxError).code === "ESRCH") return false;
    throw error;
  } finally {
    closeSync(pidfd);
  }
}

/** What the kernel says of a number that is nobody's, and of one that is a thread's or whose process is just being reaped: older ones EINVAL. */
const noProcess = new Set(["ESRCH", "ENOENT", "EINVAL"]);

/** A pidfd of process `pid` (close-on-exec; the caller closes it), or undefined when there is none. Throws LinuxError. */
export function openPidfd(pid: number): number | undefined {
  try {
    return check(syscall(SYS_pidfd_open, pid, 0, 0, 0), "pidfd_open", `of process ${pid}`);
  } catch (error) {
    if (error instanceof LinuxError && noProcess.has(error.code)) return undefined;
    throw error;
  }
}
