/** The time as the CRI counts it. */

/** What of the difference between both clocks is no rounding: somebody has set the wall clock. */
const toleranceMs = 2;

let origin = performance.timeOrigin;

/** Now, in nanoseconds since the epoch, as a decimal string: a number would lose the last three digits. */
export function nowNanoseconds(): string {
  // The fine clock never jumps, so it is set anew when the wall clock has.
  const wall = Date.now();
  if (Math.abs(origin + performance.now() - wall) > toleranceMs) origin = wall - performance.now();
  const microseconds = Math.round((origin + performance.now()) * 1000);
  return `${microseconds}000`;
}

/** As fine as the clock is. */
const STEP = 1000n;

/** Now, but later than all of `times`, which are as this function's: what is ordered by time stays so when the clock is set back. */
export function nowAfter(times: Iterable<string>): string {
  let now = BigInt(nowNanoseconds());
  for (const time of times) if (BigInt(time) >= now) now = BigInt(time) + STEP;
  return String(now);
}
