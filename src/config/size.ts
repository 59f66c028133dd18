/** Amounts of memory as crio.conf(5) writes them: "12MiB", "500k". */

const units = ["", "k", "m", "g", "t", "p"];

/** Bytes of a size such as `12MiB` or `500k`, whose units are powers of 1,024; undefined where it is none. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  if (!match) return undefined;
  const bytes = Math.round(Number(match[1]) * 1024 ** units.indexOf((match[2] ?? "").toLowerCase()));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
