/** The time as the CRI counts it. */

/** Now, in nanoseconds since the epoch, as a decimal string: a number would lose the last three digits. */
export function nowNanoseconds(): string {
  const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000);
  return `${microseconds}000`;
}
