/** Whether this kernel runs programs of the x32 ABI, which few distributions' do. */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { declare, lastErrno } from "./libc.ts";

const GETPID_X32 = 0x40000000 + 39;

/** Asks the kernel. True too where the daemon's own seccomp filter might kill it for asking; false on other machines. */
export function hasX32(): boolean {
  if (process.arch !== "x64") return false;
  if (!/^Seccomp:\s*0$/m.test(readFileSync("/proc/self/status", "utf8"))) return true;
  const call = declare("long syscall(long number)");
  return Number(call(GETPID_X32)) >= 0 || lastErrno() !== constants.errno.ENOSYS;
}
