/** Errors that a client sees: a gRPC status code and a message that names the field and the value. */
import { status } from "@grpc/grpc-js";
import { printable, shown } from "../printable.ts";
import { systemCode } from "./system-cause.ts";

/** An error with the gRPC status that the RPC answers with. */
export class StatusError extends Error {
  readonly code: status;

  constructor(code: status, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StatusError";
    this.code = code;
  }
}

/** INVALID_ARGUMENT: `field` has `value`, which is wrong because of `reason`. */
export function invalidArgument(field: string, value: unknown, reason: string): StatusError {
  const given = value === null ? "absent" : shown(value);
  return new StatusError(status.INVALID_ARGUMENT, `${field} is ${given}: ${reason}`);
}

/** NOT_FOUND: there is no `kind` (container, pod sandbox, image, …) called `name`. */
export function notFound(kind: string, name: string): StatusError {
  return new StatusError(status.NOT_FOUND, `${kind} ${shown(name)} not found`);
}

/** FAILED_PRECONDITION: the request is well formed, but not in this state of things. */
export function failedPrecondition(message: string): StatusError {
  return new StatusError(status.FAILED_PRECONDITION, message);
}

/** ABORTED: another call, which goes before this one, has ended it. */
export function aborted(message: string): StatusError {
  return new StatusError(status.ABORTED, message);
}

/**
 * The gRPC code an error is answered with: its own, that of what the machine refused, or UNKNOWN as the CRI's clients expect of a
 * plain failure.
 */
export function codeOf(error: unknown): status {
  return error instanceof StatusError ? error.code : (systemCode(error) ?? status.UNKNOWN);
}

/** Characters of a message at its beginning and at its end that an answer has room for. */
const SHOWN_BEGINNING = 3_000;
const SHOWN_END = 1_000;

/**
 * The message of anything thrown, fit for an answer: it travels in a header, and one that is too long for that, or no text (a lone
 * surrogate), costs the client its connection and all calls on it. What would steer the terminal that shows it is escaped.
 */
export function detailsOf(error: unknown): string {
  const message = messageOf(error).toWellFormed();
  const left = message.length - SHOWN_BEGINNING - SHOWN_END;
  if (left <= 0) return printable(message);
  const cut = `${message.slice(0, SHOWN_BEGINNING)} [… ${left} characters …] ${message.slice(-SHOWN_END)}`;
  // The cuts may have gone through pairs.
  return printable(cut.toWellFormed());
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
