/** Structured log lines on stderr: time, level, message, then the fields of the request they belong to. */
import { AsyncLocalStorage } from "node:async_hooks";
import { printable, shortened } from "./printable.ts";

export type Level = "trace" | "debug" | "info" | "warn" | "error" | "fatal";
export type Fields = Record<string, unknown>;

const severity: Record<Level, number> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4, fatal: 5 };
const request = new AsyncLocalStorage<Fields>();

/** Most characters of a field: what a client has sent may be as long as it likes. */
const LONGEST_TEXT = 4096;

let threshold = severity.info;
let linePrefix = (_level: Level): string => "";
let write = (line: string): void => {
  process.stderr.write(line);
};

/** Sets the least severe level that is written; crio.conf's `log_level`. */
export function setLogLevel(level: Level): void {
  threshold = severity[level];
}

/** Puts before each line what `prefix` answers for its level; nothing until then. */
export function setLinePrefix(prefix: (level: Level) => string): void {
  linePrefix = prefix;
}

/** Sends the lines elsewhere, and returns the way back; for tests. */
export function redirectLog(sink: (line: string) => void): () => void {
  const before = write;
  write = sink;
  return () => {
    write = before;
  };
}

/** Runs `work` so that every line logged within it carries `fields` (the RPC, its request id). */
export function withLogFields<T>(fields: Fields, work: () => T): T {
  return request.run({ ...request.getStore(), ...fields }, work);
}

/** Adds fields to the request under way, as soon as they are known (the pod's id, the container's). */
export function addLogFields(fields: Fields): void {
  const store = request.getStore();
  if (store) Object.assign(store, fields);
}

/** The fields of the request under way; none outside of one. */
export function logFields(): Readonly<Fields> {
  return request.getStore() ?? {};
}

function emit(level: Level, message: string, fields?: Fields): void {
  if (severity[level] < threshold) return;
  const entry = { time: new Date().toISOString(), level, msg: message, ...request.getStore(), ...fields };
  write(`${linePrefix(level)}${printable(JSON.stringify(entry, plain))}\n`);
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === "string") return shortened(value, LONGEST_TEXT);
  if (value instanceof Error) return shortened(value.message, LONGEST_TEXT);
  return typeof value === "bigint" ? value.toString() : value;
}

/** One method a level; a line is a JSON object. */
export const log = {
  trace: (message: string, fields?: Fields) => emit("trace", message, fields),
  debug: (message: string, fields?: Fields) => emit("debug", message, fields),
  info: (message: string, fields?: Fields) => emit("info", message, fields),
  warn: (message: string, fields?: Fields) => emit("warn", message, fields),
  error: (message: string, fields?: Fields) => emit("error", message, fields),
  fatal: (message: string, fields?: Fields) => emit("fatal", message, fields),
};
