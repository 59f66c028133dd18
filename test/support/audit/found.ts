/** What a daemon really holds: of mounts, namespaces, network, cgroups, processes and folders. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { scanProcesses } from "../../../src/linux/process-scan.ts";
import { cgroupFolders } from "../cgroups.ts";
import type { Daemon } from "../daemon.ts";
import { chainsOf, iptablesSave } from "../network.ts";
import { mountsBelow } from "../sweep.ts";
import { Holdings } from "./holdings.ts";

/** Looks at everything; `ids` are those of pods that there are or were, whose chains of iptables are looked for. */
export async function findHoldings(daemon: Daemon, ids: readonly string[]): Promise<Holdings> {
  const found = new Holdings();
  const { folder } = daemon;
  found.add("mount", ...mountsBelow(folder).map((path) => relative(folder, path)));
  findNamespaces(daemon, found);
  await findNetwork(daemon, found, ids);
  findCgroups(daemon, found);
  findProcesses(daemon, found);
  findFolders(daemon, found);
  return found;
}

function findNamespaces({ namespacesDir }: Daemon, found: Holdings): void {
  for (const type of namesIn(namespacesDir)) {
    found.add("namespace", ...namesIn(namespacesDir, type).map((id) => `${type}/${id}`));
  }
}

async function findNetwork({ network, folder }: Daemon, found: Holdings, ids: readonly string[]) {
  for (const name of namesIn(network.leaseDir).filter((file) => /^[0-9a-f.:]+$/.test(file))) {
    found.add("lease", readFileSync(join(network.leaseDir, name), "utf8").split(/\r?\n/, 1)[0]!);
  }
  found.add("attachment", ...namesIn(folder, "root", "cni").map((name) => name.replace(/-eth0\.json$/, "")));
  const { rules, chains } = await iptablesSave();
  const ours = rules.filter((rule) => rule.includes(`\\"${network.name}\\"`));
  const ruled = ours.map((rule) => /id: \\"([^"\\]*)\\"/.exec(rule)?.[1] ?? rule);
  const present = new Set(chains);
  const chained = ids.filter((id) => chainsOf(network, id).some((chain) => present.has(chain)));
  found.add("network rule", ...new Set([...ruled, ...chained]));
  // Named by number: which pod an interface of the host is of cannot be seen from here.
  found.add("port of the bridge", ...numbered(namesIn(`/sys/class/net/${network.bridge}/brif`).length));
}

/** `1`, `2`, …, `count`. */
export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, at) => String(at + 1));
}

function findCgroups({ cgroupParent }: Daemon, found: Holdings): void {
  const paths = new Set<string>();
  for (const folder of cgroupFolders(cgroupParent)) {
    paths.add(cgroupParent);
    for (const path of foldersBelow(folder)) paths.add(join(cgroupParent, path));
  }
  found.add("cgroup", ...paths);
}

/** Monitors by the container they watch; whatever else works for the daemon by its command. */
function findProcesses(daemon: Daemon, found: Holdings): void {
  const { folder, namespacesDir } = daemon;
  const own = new Set([process.pid, daemon.isRunning ? daemon.pid : process.pid]);
  for (const { identity, args, environment } of scanProcesses()) {
    if (own.has(identity.pid)) continue;
    const isPlugin = environment.some((entry) => entry.startsWith(`CNI_NETNS=${namespacesDir}/`));
    if (!isPlugin && !args.some((arg) => arg.includes(`${folder}/`))) continue;
    const program = basename(args[0]!);
    if (program === "conmon") found.add("monitor", args[args.indexOf("-c") + 1]!);
    else found.add("process", `${identity.pid} (${args.join(" ").slice(0, 200)})`);
  }
}

function findFolders({ folder }: Daemon, found: Holdings): void {
  const [root, runroot] = [join(folder, "root"), join(folder, "runroot")];
  const storage = join(root, "storage");
  found.add("sandbox folder", ...namesIn(runroot, "sandboxes"));
  found.add("bundle", ...namesIn(runroot, "containers"));
  found.add("persist folder", ...namesIn(runroot, "persist"));
  found.add("exit file", ...namesIn(runroot, "exits"));
  for (const runtime of namesIn(runroot, "runtimes")) {
    const kind = runtime.endsWith("-exec") ? "file of an exec" : "runtime's state";
    // crun keeps a folder of its own there: `.empty-directory`.
    const names = namesIn(runroot, "runtimes", runtime).filter((name) => !name.startsWith("."));
    found.add(kind, ...names);
  }
  found.add("layer's folder", ...namesIn(storage, "overlay"));
  found.add("root filesystem", ...namesIn(storage, "overlay-containers"));
  found.add("shared mount", ...namesIn(storage, "overlay-shared"));
  found.add("unfinished blob", ...namesIn(storage, "blobs", "sha256"));
  for (const path of [root, runroot, storage, join(storage, "blobs")]) {
    found.add("other file", ...namesIn(path).map((name) => relative(folder, join(path, name))));
  }
}

function foldersBelow(folder: string): string[] {
  const folders = entriesIn(folder).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) => [
    name,
    ...foldersBelow(join(folder, name)).map((below) => join(name, below)),
  ]);
}

function namesIn(...parts: string[]): string[] {
  return entriesIn(join(...parts)).map(({ name }) => name);
}

/** None where there is no such folder. */
function entriesIn(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
