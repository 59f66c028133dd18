/** Errors that a client sees: a gRPC status code and a message that names the field and the value. */
import { status } from "@grpc/grpc-js";

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
  const shown = value === undefined || value === null ? "absent" : JSON.stringify(value);
  return new StatusError(status.INVALID_ARGUMENT, `${field} is ${shown}: ${reason}`);
}

/** NOT_FOUND: there is no `kind` (container, pod sandbox, image, …) called `name`. */
export function notFound(kind: string, name: string): StatusError {
  return new StatusError(status.NOT_FOUND, `${kind} ${JSON.stringify(name)} not found`);
}

/** FAILED_PRECONDITION: the request is well formed, but not in this state of things. */
export function failedPrecondition(message: string): StatusError {
  return new StatusError(status.FAILED_PRECONDITION, message);
}

/** The gRPC code an error is answered with: its own, or UNKNOWN as the CRI's clients expect of a plain failure. */
export function codeOf(error: unknown): status {
  return error instanceof StatusError ? error.code : status.UNKNOWN;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
