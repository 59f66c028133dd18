/**
 * Mount propagation of the CRI, and whether the host's mount allows it (mount_namespaces(7), proc(5) on
 * mountinfo).
 */
import { readFileSync } from "node:fs";
import type { MountPropagation } from "../../cri/messages.ts";
import { invalidArgument } from "../../cri/status-error.ts";

/**
 * The mount option for `propagation` of host path `source`, which has no links. INVALID_ARGUMENT when the
 * mount that holds it is not shared (BIDIRECTIONAL), or neither shared nor a slave (HOST_TO_CONTAINER):
 * nothing would propagate.
 */
export function propagationOption(
  propagation: MountPropagation,
  source: string,
  field: string,
  mountinfo = "/proc/self/mountinfo",
): "rprivate" | "rslave" | "rshared" {
  if (propagation === "PROPAGATION_PRIVATE") return "rprivate";
  const { path, shared, slave } = mountOf(source, readFileSync(mountinfo, "utf8"));
  if (propagation === "PROPAGATION_BIDIRECTIONAL") {
    if (!shared)
      throw invalidArgument(field, propagation, `${path}, the mount that holds ${source}, is not shared`);
    return "rshared";
  }
  if (!shared && !slave) {
    throw invalidArgument(
      field,
      propagation,
      `${path}, the mount that holds ${source}, is neither shared nor a slave`,
    );
  }
  return "rslave";
}

interface HostMount {
  path: string;
  shared: boolean;
  slave: boolean;
}

/** The mount that `path` lies in: the longest that is a parent of it, the last of those stacked on one folder. */
function mountOf(path: string, mountinfo: string): HostMount {
  let best: HostMount = { path: "", shared: false, slave: false };
  for (const line of mountinfo.split("\n")) {
    const [, , , , escaped, , ...rest] = line.split(" ");
    if (escaped === undefined) continue;
    const point = unescapePath(escaped);
    if (point.length < best.path.length || !contains(point, path)) continue;
    const tags = rest.slice(0, rest.indexOf("-"));
    const has = (tag: string) => tags.some((one) => one.startsWith(tag));
    best = { path: point, shared: has("shared:"), slave: has("master:") };
  }
  return best;
}

function contains(point: string, path: string): boolean {
  return point === "/" || path === point || path.startsWith(`${point}/`);
}

/** mountinfo writes blanks and backslashes in octal. */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
