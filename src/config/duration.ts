/** Durations as crio.conf writes them, in Go's notation: "4h0m0s", "1.5h", "300ms". */

const milliseconds: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/y;

/** Whole milliseconds, rounded up so that only zero is zero; undefined for what is no duration, or a negative one. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  let total = 0;
  part.lastIndex = 0;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (!match) return undefined;
    total += Number(match[1]) * (milliseconds[match[2] as string] as number);
  }
  return text === "" ? undefined : Math.ceil(total);
}
