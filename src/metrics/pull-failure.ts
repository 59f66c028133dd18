/** Why a pull failed, in the few words that CRI-O has for it. */
import { type FailureKind, RegistryFailure } from "../registry/failure.ts";

/** The distribution specification's error codes, as a registry's answer has them. */
const registryCode =
  /\b(BLOB_UNKNOWN|BLOB_UPLOAD_INVALID|BLOB_UPLOAD_UNKNOWN|DENIED|DIGEST_INVALID|MANIFEST_BLOB_UNKNOWN|MANIFEST_INVALID|MANIFEST_UNKNOWN|MANIFEST_UNVERIFIED|NAME_INVALID|NAME_UNKNOWN|SIZE_INVALID|TAG_INVALID|TOOMANYREQUESTS|UNAUTHORIZED|UNAVAILABLE|UNSUPPORTED)\b/;

const byKind: Record<FailureKind, string> = {
  unreachable: "UNKNOWN",
  busy: "UNAVAILABLE",
  notFound: "NOT_FOUND",
  unauthenticated: "UNAUTHORIZED",
  denied: "DENIED",
  refused: "UNKNOWN",
  invalid: "MANIFEST_INVALID",
  corrupt: "DIGEST_INVALID",
};

const byNetworkError: Record<string, string> = {
  ECONNREFUSED: "CONNECTION_REFUSED",
  ETIMEDOUT: "CONNECTION_TIMEOUT",
};

/** One of the registry's error codes, NOT_FOUND, CONNECTION_REFUSED, CONNECTION_TIMEOUT or UNKNOWN. */
export function pullFailure(error: unknown): string {
  const failure = (error as Error).cause;
  if (!(failure instanceof RegistryFailure)) return "UNKNOWN";
  const told = registryCode.exec(failure.message)?.[1];
  if (told) return told;
  const { code = "" } = (failure.cause ?? {}) as NodeJS.ErrnoException;
  return (failure.kind === "unreachable" && byNetworkError[code]) || byKind[failure.kind];
}
