/** What an OCI runtime said when it failed: the messages within its log lines, and whether the container was unknown to it. */

import { status } from "@grpc/grpc-js";
import { codeOf, StatusError } from "../cri/status-error.ts";

// runc says it in words; crun names the state file or folder that it misses.
const unknownContainer =
  /container (\S+ )?does not exist|\/status`: No such file|cannot open directory '[^']*': No such file/;

/** Where Go begins to print registers and stacks, having said what happened. */
const crashDump = /^(?:PC=0x|goroutine \d+ )/m;

/** A runtime's command that failed. Its code is that of what the machine refused, or UNKNOWN. */
export class RuntimeError extends StatusError {
  /** The runtime knows no container of this id. */
  readonly notFound: boolean;

  constructor(command: string, said: string, options?: ErrorOptions, code?: status) {
    super(code ?? codeOf(new Error(said, options)), `${command}: ${said}`, options);
    this.name = "RuntimeError";
    this.notFound = unknownContainer.test(said);
  }

  /** One that was killed when its time was up, DEADLINE_EXCEEDED; `said` may be empty. */
  static timedOut(command: string, timeoutMs: number, said: string, options?: ErrorOptions): RuntimeError {
    const message = `no answer in ${timeoutMs / 1000} s, killed${said && `; it said: ${said}`}`;
    return new RuntimeError(command, message, options, status.DEADLINE_EXCEEDED);
  }
}

/**
 * The errors in a runtime's output, which is JSON log lines (`--log-format json`) between plain ones. Warnings are
 * left out unless they are all there is.
 */
export function runtimeMessage(output: string): string {
  const lines = linesOf(output.split(crashDump, 1)[0]!)
    .map(parseLine)
    .filter(({ text }) => text !== "");
  const errors = lines.filter(({ isError }) => isError);
  const chosen = errors.length > 0 ? errors : lines;
  return [...new Set(chosen.map(({ text }) => text))].join("; ");
}

/** Whether a runtime's log has an error, as opposed to nothing or warnings. */
export function hasRuntimeError(log: string): boolean {
  return linesOf(log).some((line) => line !== "" && parseLine(line).isError);
}

/** crun spreads each object of its log over several lines. */
function linesOf(output: string): string[] {
  return output.replaceAll(/^\{\n[^{}]*\n\}$/gm, (object) => object.replaceAll("\n", " ")).split("\n");
}

interface LogLine {
  text: string;
  isError: boolean;
}

function parseLine(line: string): LogLine {
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
    if (typeof msg === "string") return { text: msg.trim(), isError: level === "error" || level === "fatal" };
  } catch {
    // Not every line is the log's: the loader and the Go runtime write plain text.
  }
  return { text: line.trim(), isError: true };
}
