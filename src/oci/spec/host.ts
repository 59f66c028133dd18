/** What this machine and this daemon allow a container to have, read once at start. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cgroups } from "../../cgroups/hierarchy.ts";
import { hugePageSizes } from "../../cgroups/huge-pages.ts";
import { log } from "../../log.ts";
import { capabilityNames } from "./capability-names.ts";

export interface Host {
  readonly cgroups: Cgroups;
  /** The daemon's bounding set, names with `CAP_`: nobody can be given more. */
  readonly capabilities: ReadonlySet<string>;
  /** The least oom_score_adj that can be set; without CAP_SYS_RESOURCE that is the daemon's own. */
  readonly minimumOomScoreAdj: number;
  /**
   * Sizes of huge pages as cgroups spell them (`2MB`, `1GB`) whose use the kernel can limit; none without the
   * hugetlb controller.
   */
  readonly hugepageSizes: ReadonlySet<string>;
  /** The processors, or memory nodes, that are online now, as `0-3,7`; empty where the kernel does not tell. */
  readonly online: (kind: "cpu" | "node") => string;
  /** Whether the kernel filters system calls. */
  readonly seccomp: boolean;
}

/**
 * Reads the host from `process` (a folder such as /proc/self), and logs once what the daemon lacks for full
 * privilege.
 */
export function readHost(cgroups: Cgroups, process = "/proc/self"): Host {
  const status = readFileSync(join(process, "status"), "utf8");
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
  const capabilities = new Set(capabilityNames(BigInt(`0x${bounding}`)));
  const ownScore = Number(readFileSync(join(process, "oom_score_adj"), "utf8"));
  const minimumOomScoreAdj = capabilities.has("CAP_SYS_RESOURCE") ? -1000 : ownScore;
  if (minimumOomScoreAdj > -1000) {
    log.warn(
      "the daemon lacks CAP_SYS_RESOURCE: privileged containers go without, and oom_score_adj has a minimum",
      {
        minimumOomScoreAdj,
      },
    );
  }
  const seccomp = /^Seccomp:/m.test(status);
  if (!seccomp) log.warn("the kernel has no seccomp: the default profile is left out");
  return {
    cgroups,
    capabilities,
    minimumOomScoreAdj,
    hugepageSizes: hugepageSizes(cgroups),
    seccomp,
    online,
  };
}

function online(kind: "cpu" | "node"): string {
  try {
    return readFileSync(`/sys/devices/system/${kind}/online`, "latin1").trim();
  } catch {
    return "";
  }
}

function hugepageSizes({ version, hierarchies }: Cgroups): ReadonlySet<string> {
  // In hybrid mode the runtime does not use what the empty cgroup2 has.
  const usable = hierarchies.some(
    ({ controllers, unified }) => controllers.includes("hugetlb") && (!unified || version === "v2"),
  );
  if (!usable) return new Set();
  return new Set(hugePageSizes());
}
