/** The conditions that the CRI's list filters share. */

/** Whether `labels` has every label of `selector` with the same value. */
export function matchesLabels(labels: Record<string, string>, selector: Record<string, string>): boolean {
  for (const [key, value] of Object.entries(selector)) {
    if (labels[key] !== value) return false;
  }
  return true;
}
