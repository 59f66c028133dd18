/** What went wrong at one endpoint, and what a pull answers when it went wrong at all of them. */
import { status } from "@grpc/grpc-js";
import { messageOf, StatusError } from "../cri/status-error.ts";
import type { Endpoint } from "./registries-conf.ts";

/**
 * `unreachable`: no answer at all; `busy`: 429 or 5xx; `refused`: any other status; `invalid`: an answer that breaks
 * the protocol; `corrupt`: content of another digest or size than it should have.
 */
export type FailureKind =
  | "unreachable"
  | "busy"
  | "notFound"
  | "unauthenticated"
  | "denied"
  | "refused"
  | "invalid"
  | "corrupt";

const codes: Record<FailureKind, status> = {
  // The kubelet reads the prefix of the message only of errors whose code is UNKNOWN.
  unreachable: status.UNKNOWN,
  busy: status.UNAVAILABLE,
  notFound: status.NOT_FOUND,
  unauthenticated: status.UNAUTHENTICATED,
  denied: status.PERMISSION_DENIED,
  refused: status.UNKNOWN,
  invalid: status.FAILED_PRECONDITION,
  corrupt: status.DATA_LOSS,
};

export interface RegistryFailureOptions extends ErrorOptions {
  /** Whether the same request may succeed a little later. */
  retryable?: boolean;
  /** The registry's Retry-After, in milliseconds. */
  retryAfter?: number | undefined;
}

/** One endpoint's failure. Its message never has credentials, nor the query of a redirect. */
export class RegistryFailure extends Error {
  readonly kind: FailureKind;
  readonly retryable: boolean;
  readonly retryAfter: number | undefined;

  constructor(kind: FailureKind, message: string, options: RegistryFailureOptions = {}) {
    super(message, options);
    this.name = "RegistryFailure";
    this.kind = kind;
    this.retryable = options.retryable ?? false;
    this.retryAfter = options.retryAfter;
  }
}

/** What another attempt in a moment may mend; name resolution, refusals, TLS and timeouts have taken their time. */
const passing = new Set(["ECONNRESET", "EPIPE"]);

/** An error of the network or of TLS as a failure of kind `unreachable`. */
export function unreachable(error: unknown): RegistryFailure {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  // Node joins the attempts over IPv4 and IPv6 into an error without a message of its own.
  const message = messageOf(error) || (error instanceof AggregateError ? messageOf(error.errors[0]) : code);
  return new RegistryFailure("unreachable", message, { cause: error, retryable: passing.has(code) });
}

/** Milliseconds of a Retry-After header: seconds or a date (RFC 9110, section 10.2.3). */
export function retryAfterOf(header: string | undefined): number | undefined {
  if (!header) return undefined;
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

/** A pull that failed everywhere; the message names the image. */
export class PullError extends StatusError {}

/**
 * The error when `what` (`IMAGE`, or `blob DIGEST of IMAGE`) cannot be had anywhere; its message has every endpoint's
 * answer. The code is that of the last endpoint that answered at all: the image's own registry where it did. When none
 * answered, it is UNKNOWN with `RegistryUnavailable: ` in front, by which the kubelet tells this case (k8s.io/cri-api,
 * pkg/errors).
 */
export function pullError(what: string, failures: Map<Endpoint, RegistryFailure>): PullError {
  const answers = [...failures].map(
    ([endpoint, failure]) => `${endpoint.reference.name}: ${failure.message}`,
  );
  const decisive = [...failures.values()].findLast((failure) => failure.kind !== "unreachable");
  const message = `cannot pull ${what}: ${answers.join("; ")}`;
  const cause = decisive ?? [...failures.values()].at(-1);
  if (!decisive) return new PullError(codes.unreachable, `RegistryUnavailable: ${message}`, { cause });
  return new PullError(codes[decisive.kind], message, { cause });
}
