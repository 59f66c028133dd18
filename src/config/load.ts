/** Makes the configuration of the daemon from crio.conf(5), its drop-ins and the defaults. */
import { existsSync } from "node:fs";
import { log } from "../log.ts";
import type { Facts, Key } from "./key.ts";
import { completeHandlers } from "./runtime-tables.ts";
import { type Config, groups, type Keys, type RuntimeHandlerConfig, tables } from "./schema.ts";
import { ConfigError, readSettings, type Settings } from "./settings.ts";
import { checkTlsPairs } from "./tls-pairs.ts";

/** Where the daemon looks when no file is named; it need not exist. */
export const defaultFile = "/etc/critter/crio.conf";

/**
 * The configuration in `file` and its drop-ins `FILE.d/*.conf`, or in the default file if there is one. Unknown keys are
 * logged as warnings with their lines.
 * @throws ConfigError for a file that cannot be read or parsed, or a wrong value.
 */
export function loadConfig(file?: string): Config {
  return buildConfig(readConfiguredSettings(file), systemdRuns());
}

/** What the files say that {@link loadConfig} reads. */
export function readConfiguredSettings(file?: string): Settings {
  const settings = readSettings(file ?? defaultFile, file === undefined);
  for (const warning of settings.warnings) log.warn(warning);
  return settings;
}

/** Whether systemd runs this machine, as sd_booted(3) finds out. */
export function systemdRuns(): boolean {
  return existsSync("/run/systemd/system");
}

/** The configuration that `settings` and the defaults make; `systemd` says whether systemd runs this machine. */
export function buildConfig(settings: Settings, systemd: boolean): Config {
  const facts: Facts = {
    runroot: (settings.byName.get("crio.runroot")?.value ?? tables.crio.keys.runroot.shown) as string,
    cgroupManager: (settings.byName.get("crio.runtime.cgroup_manager")?.value ??
      (systemd ? "systemd" : "cgroupfs")) as Facts["cgroupManager"],
    runtime: "",
  };
  const config = Object.fromEntries(
    groups.map((group) => [group, tableValues(settings, tables[group].name, tables[group].keys, facts)]),
  ) as Config;
  checkTlsPairs(settings, config);
  const { runtime } = config;
  const handlers = new Set([runtime.defaultRuntime, ...settings.handlers]);
  runtime.runtimes = Object.fromEntries(
    [...handlers].map((name) => {
      const table = `${tables.handler.name}.${name}`;
      return [name, tableValues(settings, table, tables.handler.keys, { ...facts, runtime: name })];
    }),
  ) as typeof runtime.runtimes;
  completeHandlers(settings, runtime, runtime.runtimes);
  return config;
}

function tableValues(settings: Settings, table: string, keys: Keys, facts: Facts): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(keys).map(([name, key]) => {
      const given = settings.byName.get(`${table}.${name}`)?.value;
      return [camel(name), given ?? defaultOf(key, facts)];
    }),
  );
}

function defaultOf(key: Key<unknown>, facts: Facts): unknown {
  if (!key.derive) return key.parse(key.shown);
  // A program that is in no folder of PATH stays a bare name, which no path key would accept.
  const derived = key.derive(facts);
  return key.parse(derived) ?? derived;
}

/** A key's name in the typed configuration: `log_level` is `logLevel`. */
export function camel(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

export { type Config, ConfigError, type RuntimeHandlerConfig };
