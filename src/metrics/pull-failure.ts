/** Why a pull failed, in the few words that CRI-O has for it. */
import { status } from "@grpc/grpc-js";
import { codeOf } from "../cri/status-error.ts";
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
  const failure = registryFailure(error);
  if (!failure) return codeOf(error) === status.DATA_LOSS ? byKind.corrupt : "UNKNOWN";
  const told = registryCode.exec(failure.message)?.[1];
  if (told) return told;
  const { code = "" } = (failure.cause ?? {}) as NodeJS.ErrnoException;
  return (failure.kind === "unreachable" && byNetworkError[code]) || byKind[failure.kind];
}

/** The endpoint's failure that the error came of, if it did. */
function registryFailure(error: unknown): RegistryFailure | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof RegistryFailure) return at;
  return undefined;
}
