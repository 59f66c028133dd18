/** Numbers that are larger than a number holds, as JSON.stringify writes them. */
import type { RawJson } from "./types.ts";

// TypeScript's library does not know rawJSON yet.
const { rawJSON } = JSON as unknown as { rawJSON(text: string): RawJson };

/** The number whose digits are `digits`. */
export function rawNumber(digits: string): RawJson {
  return rawJSON(digits);
}
