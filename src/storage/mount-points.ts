/** Mount points below a folder, as the kernel lists them. */
import { readFileSync } from "node:fs";

/** Paths of all mounts below `folder`, the ones on top of others last. */
export function mountPointsBelow(
  folder: string,
  table = readFileSync("/proc/self/mountinfo", "utf8"),
): string[] {
  const points = table.split("\n").map((line) => unescaped(line.split(" ")[4] ?? ""));
  return points.filter((point) => point.startsWith(`${folder}/`));
}

/** Blanks and the like are octal in mountinfo. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}
