/** What an answer must be, whatever the request was. */

import type { Rpc } from "./schema.ts";
import type { Outcome } from "./sender.ts";

/** Codes that say whose fault it is: the request's, or the state's that things are in. */
const rightCodes = new Set<Outcome["code"]>([
  "OK",
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  // What is done at the moment goes before it; the client may ask again.
  "ABORTED",
  "FAILED_PRECONDITION",
  "RESOURCE_EXHAUSTED",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  // Of those that are new in the CRI.
  "UNIMPLEMENTED",
]);

/** Most characters of an error: field, value and reason, but no mebibyte of them. */
const longestMessage = 4096;

/** What is wrong about the answer; undefined for one that is right. */
export function faultOf({ decode }: Rpc, { code, message, answers }: Outcome): string | undefined {
  // ExecSync's own timeout, by the words that the kubelet knows it by.
  if (code === "DEADLINE_EXCEEDED" && /^command was killed: timeout/.test(message)) return undefined;
  if (!rightCodes.has(code)) return `${code}: ${message}`;
  if (message.length > longestMessage) return `${code} with a message of ${message.length} characters`;
  if (/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(message)) return `${code} with control characters: ${message}`;
  if (code === "INVALID_ARGUMENT" && !/ is .*: |is ambiguous|is not /s.test(message))
    return `${code} that names no field and value: ${message}`;
  try {
    for (const answer of answers) decode(answer);
  } catch (error) {
    return `an answer that cannot be decoded: ${error}`;
  }
  return undefined;
}

/** The same for faults that are alike but for names and numbers. */
export function likeness(fault: string): string {
  return fault
    .replace(/"(?:[^"\\]|\\.)*"/g, '"…"')
    .replace(/[0-9a-f]{8,}/g, "…")
    .replace(/\d+/g, "0")
    .slice(0, 160);
}
