/** How a retry of a request is told from another request with the same name. */
import { createHash } from "node:crypto";

/** A digest of decoded messages: equal requests have equal ones. */
export function requestDigest(...messages: unknown[]): string {
  return createHash("sha256").update(JSON.stringify(messages)).digest("base64url");
}
