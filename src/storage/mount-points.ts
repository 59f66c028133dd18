/** Mounts below a folder, as the kernel lists them. */
import { readFileSync } from "node:fs";

/** Paths of all mounts below `folder`, the ones on top of others last. */
export function mountPointsBelow(
  folder: string,
  table = readFileSync("/proc/self/mountinfo", "utf8"),
): string[] {
  const points = table.split("\n").map((line) => unescaped(line.split(" ")[4] ?? ""));
  return points.filter((point) => point.startsWith(`${folder}/`));
}

/** Names of the layers' folders of which mounts below `folder` are made, all of which name them from the same folder. */
export function mountedLayers(
  folder: string,
  table = readFileSync("/proc/self/mountinfo", "utf8"),
): Set<string> {
  const overlays = table.split("\n").filter((line) => {
    return unescaped(line.split(" ")[4] ?? "").startsWith(`${folder}/`) && line.includes(" - overlay ");
  });
  return new Set(overlays.flatMap((line) => /[ ,]lowerdir=([^, ]*)/.exec(line)?.[1]?.split(":") ?? []));
}

/** Blanks and the like are octal in mountinfo. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}
