/** Counts of what a runtime holds of the machine, to be compared before and after. */
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { countCgroups } from "./cgroups.ts";
import { rulesOf, type TestNetwork } from "./network.ts";
import { processesNaming, processesRootedIn } from "./processes.ts";
import { mountsBelow } from "./sweep.ts";

/** Where a runtime under test keeps what it holds. */
export interface Scope {
  /** Everything of the runtime lies below it. */
  folder: string;
  /** Folder below which namespaces are pinned. */
  namespacesDir: string;
  network: TestNetwork;
  cgroupParent: string;
}

export interface Resources {
  mounts: number;
  /** Files to which namespaces are pinned. */
  namespaces: number;
  /** Addresses that host-local has given away. */
  leases: number;
  iptablesRules: number;
  /** Ports of the bridge. */
  interfaces: number;
  /** Below the parent cgroup. */
  cgroups: number;
  monitors: number;
  /** runc and other helpers that should be short-lived. */
  runtimes: number;
  containerProcesses: number;
  /** Folders below `root` and `runroot`, or containerd's `root` and `state`. */
  folders: number;
}

/** Counts what is there now. Images count as folders, so compare only once they are pulled. */
export async function countResources({
  folder,
  namespacesDir,
  network,
  cgroupParent,
}: Scope): Promise<Resources> {
  const programs = processesNaming(folder).map(({ program }) => program);
  const count = (pattern: RegExp) => programs.filter((program) => pattern.test(program)).length;
  const state = ["root", "runroot", "state"].map((name) => join(folder, name));
  return {
    mounts: mountsBelow(folder).length,
    namespaces: entriesBelow(namespacesDir).files,
    leases: namesIn(network.leaseDir).filter((name) => /^[0-9.]+$/.test(name)).length,
    iptablesRules: (await rulesOf(network)).length,
    interfaces: namesIn(`/sys/class/net/${network.bridge}/brif`).length,
    cgroups: countCgroups(cgroupParent),
    monitors: count(/^(conmon|containerd-shim)/),
    runtimes: count(/^(runc|crun)/),
    containerProcesses: processesRootedIn(folder).length,
    folders: state.reduce((sum, path) => sum + entriesBelow(path).folders, 0),
  };
}

function entriesBelow(folder: string): { files: number; folders: number } {
  const sum = { files: 0, folders: 0 };
  for (const entry of entriesIn(folder)) {
    if (!entry.isDirectory()) {
      sum.files++;
      continue;
    }
    if (isOfRuntime(folder, entry.name)) continue;
    const inside = entriesBelow(join(folder, entry.name));
    sum.files += inside.files;
    sum.folders += inside.folders + (isOfExecs(folder, entry.name) ? 0 : 1);
  }
  return sum;
}

/** crun keeps folders of its own beside its containers' states: `.empty-directory`, and `.cache` for seccomp filters. */
function isOfRuntime(folder: string, name: string): boolean {
  return basename(dirname(folder)) === "runtimes" && name.startsWith(".");
}

/** The folder for a handler's execs stays from the first one on; what is in it is an exec's. */
function isOfExecs(folder: string, name: string): boolean {
  return basename(folder) === "runtimes" && name.endsWith("-exec");
}

function namesIn(folder: string): string[] {
  return entriesIn(folder).map(({ name }) => name);
}

function entriesIn(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
