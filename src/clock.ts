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
