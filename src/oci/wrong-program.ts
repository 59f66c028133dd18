/** What the runtime says of a program that cannot be run, or not any more: no fault of the machine's. */
import { failedPrecondition, invalidArgument, messageOf } from "../cri/status-error.ts";
import { RuntimeError } from "./runtime-error.ts";

// runc's words, and crun's: looked for, opened, executed, and the folder it is to begin in.
const ofProgram =
  /exec: "|exec \/|executable file|open executable|exec container process|exec format error|argument list too long|chdir to/i;
const ended = /container that has stopped|is not in (the )?'?created'? state/;

/** INVALID_ARGUMENT that names `field` and the command where the runtime cannot run that; any other error as it is. */
export function wrongProgram(error: unknown, field: string, command: readonly string[]): unknown {
  const isProgram = error instanceof RuntimeError && ofProgram.test(error.message);
  return isProgram ? invalidArgument(field, command, messageOf(error)) : error;
}

/**
 * FAILED_PRECONDITION where a created container cannot be started: its process was killed, or cannot become its program.
 * Any other error as it is.
 */
export function notStartable(error: unknown): unknown {
  const isContainer =
    error instanceof RuntimeError && (ofProgram.test(error.message) || ended.test(error.message));
  return isContainer ? failedPrecondition(messageOf(error)) : error;
}
