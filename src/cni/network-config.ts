/** The folder of network configurations: which one holds, and whether it is right (CNI 1.1, section 1). */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { isObject } from "./plugin.ts";
import { highestSupported, supportedVersions } from "./versions.ts";

/** One plugin of a network, with its own keys as the administrator wrote them. */
export interface PluginConfig {
  type: string;
  capabilities?: Record<string, boolean>;
  [key: string]: unknown;
}

/** A network: the plugins that an attachment runs through, in order. */
export interface NetworkConfig {
  name: string;
  /** The highest version that both the file and critter know. */
  cniVersion: string;
  disableCheck: boolean;
  disableGC: boolean;
  /** Where false, plugins are also read from the folder named for the network, beside the file. */
  loadOnlyInlinedPlugins: boolean;
  plugins: PluginConfig[];
  /** The file it was read from. */
  source: string;
}

/** What the folder holds: a network, or why there is none; and the files that were passed over. */
export interface FolderReading {
  network?: NetworkConfig;
  problem?: string;
  /** One line a file: its path and its fault. */
  faults: string[];
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const extensions = new Set([".conf", ".conflist", ".json"]);

/**
 * Reads `folder`: of its *.conf, *.conflist and *.json files in the order of their names, the first valid one, or
 * the first valid one that is named `defaultNetwork` when that is given.
 */
export function readNetworkFolder(folder: string, defaultNetwork?: string): FolderReading {
  const faults: string[] = [];
  for (const file of listFiles(folder)) {
    try {
      const network = readNetworkFile(join(folder, file));
      if (!defaultNetwork || network.name === defaultNetwork) return { network, faults };
    } catch (error) {
      faults.push(`${join(folder, file)}: ${messageOf(error)}`);
    }
  }
  const wanted = defaultNetwork ? `network ${JSON.stringify(defaultNetwork)}` : "network configuration";
  return { problem: [`no ${wanted} in ${folder}`, ...faults].join("; "), faults };
}

/** Reads one file: a list of plugins, or a single plugin, which becomes a list of one. Throws what is wrong. */
export function readNetworkFile(path: string): NetworkConfig {
  const file = parseObject(readFileSync(path, "utf8"));
  const isList = extname(path) === ".conflist" || "plugins" in file;
  const name = readName(file.name);
  const loadOnlyInlinedPlugins = readBoolean(file, "loadOnlyInlinedPlugins");
  const folder = join(dirname(path), name);
  const network: NetworkConfig = {
    name,
    cniVersion: negotiateVersion(file),
    disableCheck: readBoolean(file, "disableCheck"),
    disableGC: readBoolean(file, "disableGC"),
    loadOnlyInlinedPlugins,
    plugins: isList
      ? readPlugins(file, loadOnlyInlinedPlugins ? undefined : folder)
      : [readPlugin(file, "the file")],
    source: path,
  };
  if (network.plugins.length === 0) throw new Error("plugins is empty: at least one is needed");
  return network;
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => extensions.has(extname(file)))
      .sort();
  } catch {
    return [];
  }
}

function readName(name: unknown): string {
  if (typeof name !== "string" || !namePattern.test(name)) {
    throw new Error(`name is ${shown(name)}: it must be letters, digits, "_", "." and "-"`);
  }
  return name;
}

// A file without a version is of the first one, as before versions were written down.
function negotiateVersion(file: Record<string, unknown>): string {
  const { cniVersion = "0.1.0", cniVersions = [] } = file;
  if (!Array.isArray(cniVersions)) throw new Error(`cniVersions is ${shown(cniVersions)}: it must be a list`);
  const offered = cniVersions.length > 0 ? [...cniVersions, cniVersion] : [cniVersion];
  const version = highestSupported(offered.map(String));
  if (!version)
    throw new Error(`cniVersion is ${offered.map(shown).join(", ")}: critter speaks ${supportedVersions}`);
  return version;
}

// Early writers of the format put its booleans into strings.
function readBoolean(file: Record<string, unknown>, key: string): boolean {
  const value = file[key] ?? false;
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "false") return value === "true";
  throw new Error(`${key} is ${shown(value)}: it must be true or false`);
}

function readPlugins(file: Record<string, unknown>, folder: string | undefined): PluginConfig[] {
  const { plugins = [] } = file;
  if (!Array.isArray(plugins)) throw new Error(`plugins is ${shown(plugins)}: it must be a list`);
  const inlined = plugins.map((plugin, index) => readPlugin(plugin, `plugins[${index}]`));
  return folder ? [...inlined, ...readPluginFolder(folder)] : inlined;
}

function readPluginFolder(folder: string): PluginConfig[] {
  return listFiles(folder)
    .filter((file) => extname(file) === ".conf")
    .map((file) => readPlugin(parseObject(readFileSync(join(folder, file), "utf8")), join(folder, file)));
}

function readPlugin(plugin: unknown, where: string): PluginConfig {
  if (!isObject(plugin)) throw new Error(`${where} is ${shown(plugin)}: it must be an object`);
  const { type, capabilities = {} } = plugin;
  if (typeof type !== "string" || type === "" || type.includes("/")) {
    throw new Error(`type of ${where} is ${shown(type)}: it must be the file name of a plugin`);
  }
  if (!isObject(capabilities)) {
    throw new Error(`capabilities of ${where} is ${shown(capabilities)}: it must be an object`);
  }
  return plugin as PluginConfig;
}

function parseObject(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new Error("not a JSON object");
  return value;
}

function shown(value: unknown): string {
  return value === undefined ? "absent" : JSON.stringify(value);
}
