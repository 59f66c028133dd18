/** The versions of the CNI specification that critter speaks. */

const versions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

/** For error messages. */
export const supportedVersions = versions.join(", ");

/** The highest of `offered` that critter speaks, or undefined. */
export function highestSupported(offered: string[]): string | undefined {
  return versions.findLast((version) => offered.includes(version));
}

/** True when `version`, one that critter speaks, is `wanted` or later. */
export function isAtLeast(version: string, wanted: string): boolean {
  return versions.indexOf(version) >= versions.indexOf(wanted);
}
