/** The runtime handlers of crio.conf, as they are found when the daemon starts. */
import { type Config, ConfigError, type RuntimeHandlerConfig } from "../config/load.ts";
import { messageOf } from "../cri/status-error.ts";
import { isExecutable } from "../linux/executable.ts";
import { log } from "../log.ts";
import { handlerName, type RuntimeHandler } from "./context.ts";
import { Monitor } from "./monitor.ts";
import { Runtime } from "./runtime.ts";

/**
 * The handlers that can be used, by name, with one more for each platform of `platform_runtime_paths`. One that cannot be is left
 * out with a warning, as in CRI-O: pods that ask for it are refused. ConfigError when that is the default one, or when a
 * handler in use has no monitor. `persistDir` is the folder of the monitors' `--persist-dir`s.
 */
export function runtimeHandlers(config: Config, persistDir: string): Map<string, RuntimeHandler> {
  const { runtimes, defaultRuntime } = config.runtime;
  const handlers = new Map<string, RuntimeHandler>();
  for (const [name, handler] of Object.entries(runtimes)) {
    const table = `crio.runtime.runtimes.${name}`;
    try {
      checkHandler(table, handler);
    } catch (error) {
      if (name === defaultRuntime) throw error;
      log.warn("a runtime handler is left out", { handler: name, error: messageOf(error) });
      continue;
    }
    checkProgram(`${table}.monitor_path`, handler.monitorPath);
    handlers.set(name, makeHandler(config, persistDir, name, "", handler));
    for (const [platform, path] of Object.entries(handler.platformRuntimePaths)) {
      const variant = { ...handler, runtimePath: path };
      if (isExecutable(path))
        handlers.set(handlerName(name, platform), makeHandler(config, persistDir, name, platform, variant));
      else log.warn("a platform's runtime is left out: it cannot be run", { handler: name, platform, path });
    }
  }
  return handlers;
}

function checkHandler(table: string, handler: RuntimeHandlerConfig): void {
  if (handler.runtimeType !== "oci") throw wrong(`${table}.runtime_type`, handler.runtimeType, '"oci"');
  if (handler.runtimeConfigPath !== "") {
    throw wrong(`${table}.runtime_config_path`, handler.runtimeConfigPath, 'empty for the type "oci"');
  }
  checkProgram(`${table}.runtime_path`, handler.runtimePath);
}

function checkProgram(key: string, path: string): void {
  if (!isExecutable(path)) throw wrong(key, path, "a program that can be run");
}

function wrong(key: string, value: string, right: string): ConfigError {
  return new ConfigError(`${key} is ${JSON.stringify(value)}, it must be ${right}`);
}

function makeHandler(
  { runtime }: Config,
  persistDir: string,
  name: string,
  platform: string,
  handler: RuntimeHandlerConfig,
): RuntimeHandler {
  const driver = new Runtime({
    name: handlerName(name, platform),
    path: handler.runtimePath,
    root: handler.runtimeRoot,
    systemdCgroup: runtime.cgroupManager === "systemd",
  });
  const monitor = new Monitor({
    path: handler.monitorPath,
    env: handler.monitorEnv,
    exitDir: runtime.containerExitsDir,
    persistDir,
    logSizeMax: runtime.logSizeMax,
    noSyncLog: handler.noSyncLog,
    createTimeoutMs: handler.containerCreateTimeout * 1000,
    runtime: driver,
  });
  return { name: driver.name, platform, config: handler, runtime: driver, monitor };
}
