/** containerd's config.toml of any version with the files that it imports, under paths that are the same for all versions. */
import { globSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { ConfigError } from "../settings.ts";
import { type Leaf, type LeafTable, Leaves } from "./leaves.ts";

export interface ContainerdFiles {
  /**
   * Settings of the CRI below `cri` whichever plugin has them, those of the servers below `grpc`, `grpc-tcp`, `ttrpc`, `metrics`
   * and `debug`, and those of other plugins below `plugins` by the plugin's full name.
   */
  leaves: Leaves;
  /** Of the first file. */
  version: number;
  /** Tables of plugins that more than one file has, where it depends on containerd what becomes of them. */
  split: LeafTable[];
  /** What containerd itself takes no notice of. */
  misplaced: Leaf[];
}

const newestVersion = 4;

/** What plugins are here, by the names they had over time. */
const places: Readonly<Record<string, string>> = {
  cri: "cri",
  "io.containerd.grpc.v1.cri": "cri",
  "io.containerd.cri.v1.images": "cri",
  "io.containerd.cri.v1.runtime": "cri",
  "io.containerd.server.v1.grpc": "grpc",
  "io.containerd.server.v1.grpc-tcp": "grpc-tcp",
  "io.containerd.server.v1.ttrpc": "ttrpc",
  "io.containerd.server.v1.metrics": "metrics",
  "io.containerd.server.v1.debug": "debug",
  "io.containerd.metrics.v1.grpc-prometheus": "metrics",
};

/** What the plugin of old still has since version 3. */
const serverKeys = new Set([
  ...["disable_tcp_service", "stream_server_address", "stream_server_port", "stream_idle_timeout"],
  ...["enable_tls_streaming", "x509_key_pair_streaming"],
]);

/** @throws ConfigError for a file that cannot be read, is no TOML or no config.toml, or of a version that is not known. */
export function readContainerdFiles(file: string): ContainerdFiles {
  const result: ContainerdFiles = { leaves: new Leaves(), version: 0, split: [], misplaced: [] };
  const pending = [normalize(file)];
  const read = new Set<string>();
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    if (read.has(next)) continue;
    read.add(next);
    const leaves = Leaves.read(next);
    const version = versionOf(leaves);
    if (read.size === 1) begin(result, next, leaves, version);
    else if (version > result.version) throw tooNew(leaves, result.version);
    lay(result, leaves);
    pending.push(...importsOf(next, leaves));
  }
  return result;
}

function begin(result: ContainerdFiles, file: string, leaves: Leaves, version: number): void {
  result.version = version || 1;
  if (leaves.tables().some(({ path }) => path[0] === "crio"))
    throw new ConfigError(`${file}: there is a table crio: this is CRI-O's (--from-crio), not containerd's`);
}

/** 0 where the file has none. */
function versionOf(leaves: Leaves): number {
  const leaf = leaves.get("version");
  if (!leaf) return 0;
  const { value, place } = leaf;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= newestVersion)
    return value;
  throw new ConfigError(
    `${place}: version is ${JSON.stringify(value)}, it must be a version of containerd's config.toml from 1 to ${newestVersion}`,
  );
}

function tooNew(leaves: Leaves, first: number): ConfigError {
  const { value, place } = leaves.get("version")!;
  return new ConfigError(
    `${place}: version is ${value}, it must not be above ${first}, that of the file which imports this one`,
  );
}

/** `*` is a pattern, as Go's filepath.Glob has it; other paths must be there. */
function importsOf(file: string, leaves: Leaves): string[] {
  const leaf = leaves.get("imports");
  if (!leaf) return [];
  if (!Array.isArray(leaf.value) || !leaf.value.every((one) => typeof one === "string"))
    throw new ConfigError(`${leaf.place}: imports must be a list of paths`);
  return leaf.value.flatMap((path) => {
    const full = path.startsWith("/") ? normalize(path) : join(dirname(file), path);
    return path.includes("*") ? globSync(full).sort() : [full];
  });
}

function lay(result: ContainerdFiles, later: Leaves): void {
  if (result.version < 3) {
    const known = new Set(result.leaves.tables().map(({ path }) => pluginOf(path)));
    const tables = [...later.tablesBelow("plugins").values()];
    result.split.push(...tables.filter(({ path }) => known.has(pluginOf(commonPluginPath(path)))));
  }
  const misplaced = new Set<LeafTable>(later.all().filter((leaf) => result.version > 2 && isMisplaced(leaf)));
  result.misplaced.push(...([...misplaced] as Leaf[]));
  result.leaves.merge(later.moved((leaf) => (misplaced.has(leaf) ? undefined : commonPath(leaf, later))));
}

function isMisplaced({ path }: Leaf): boolean {
  return path[0] === "plugins" && path[1] === "io.containerd.grpc.v1.cri" && !serverKeys.has(String(path[2]));
}

function pluginOf(path: readonly string[]): string {
  return path[0] === "plugins" ? String(path[1]) : String(path[0]);
}

function commonPluginPath(path: readonly string[]): readonly string[] {
  const [first, plugin, ...rest] = path;
  if (first !== "plugins" || plugin === undefined) return path;
  const place = Object.hasOwn(places, plugin) ? places[plugin] : undefined;
  return place === undefined ? path : [place, ...rest];
}

/** Runtimes that stand outside the table of runtimes, as they did at first, move into it under the names they have there. */
function commonPath({ path }: LeafTable, leaves: Leaves): readonly string[] | undefined {
  const common = commonPluginPath(path);
  const [cri, containerd, table, ...rest] = common;
  if (cri !== "cri" || containerd !== "containerd") return common;
  const name = { default_runtime: "default", untrusted_workload_runtime: "untrusted" }[String(table)];
  if (name === undefined) return common;
  const own = path.slice(0, path.length - rest.length);
  const type = leaves.get(...own, "runtime_type")?.value;
  return type ? [cri, containerd, "runtimes", name, ...rest] : undefined;
}
