/** What gRPC calls the refusals of the machine: a full disk, no descriptor left, a database that cannot be read. */
import { status } from "@grpc/grpc-js";

/** By the name of the errno. Those that a wrong request can cause too (ENOENT, EINVAL, …) tell nothing here. */
const errnoCodes: Record<string, status> = {
  ENOSPC: status.RESOURCE_EXHAUSTED,
  EDQUOT: status.RESOURCE_EXHAUSTED,
  EMFILE: status.RESOURCE_EXHAUSTED,
  ENFILE: status.RESOURCE_EXHAUSTED,
  ENOMEM: status.RESOURCE_EXHAUSTED,
  EROFS: status.FAILED_PRECONDITION,
  EIO: status.INTERNAL,
};

/** By SQLite's primary result code (sqlite3.h). */
const sqliteCodes: Record<number, status> = {
  5: status.UNAVAILABLE,
  6: status.UNAVAILABLE,
  7: status.RESOURCE_EXHAUSTED,
  8: status.FAILED_PRECONDITION,
  10: status.INTERNAL,
  11: status.DATA_LOSS,
  13: status.RESOURCE_EXHAUSTED,
  26: status.DATA_LOSS,
};

/** What programs (runtimes, plugins) and the C library say of the same. */
const saidCodes: [said: RegExp, code: status][] = [
  [/no space left on device|disk quota exceeded/i, status.RESOURCE_EXHAUSTED],
  [/too many open files|cannot allocate memory/i, status.RESOURCE_EXHAUSTED],
  // Of fork and clone, by a limit of processes.
  [/resource temporarily unavailable|spawn \S+:? EAGAIN/i, status.RESOURCE_EXHAUSTED],
  [/read-only file system/i, status.FAILED_PRECONDITION],
];

/** The code for a failure, or what caused it, that the machine is the reason of; undefined for any other. */
export function systemCode(error: unknown): status | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code, errcode } = at as { code?: unknown; errcode?: unknown };
    const found =
      code === "ERR_SQLITE_ERROR" ? sqliteCodes[Number(errcode) & 0xff] : errnoCodes[String(code)];
    if (found !== undefined) return found;
    const said = saidCodes.find(([pattern]) => pattern.test((at as Error).message));
    if (said) return said[1];
  }
  return undefined;
}
