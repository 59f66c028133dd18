/** A label whose values come from outside, of which there may be any number. */

/** What all further values are told as. */
export const OTHER = "other";

/** Gives the first `most` values as they are, and the others as one. */
export function boundedLabel(most: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.size < most) known.add(value);
    return known.has(value) ? value : OTHER;
  };
}
