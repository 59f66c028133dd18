/** What the tables of runtime handlers say together with the table above them: defaults, old names, what excludes what. */
import { type Config, type RuntimeHandlerConfig, tables } from "./schema.ts";
import { type Settings, wrongValue } from "./settings.ts";

type Runtime = Omit<Config["runtime"], "runtimes">;

/** CRI-O's default of `monitor_cgroup`: real files name it for both cgroup managers, though only systemd has slices. */
const systemdDefault = "system.slice";

/**
 * Fills in what a handler has from elsewhere: the deprecated `conmon`, `conmon_env` and `conmon_cgroup` of crio.runtime, which go
 * before its own keys as in CRI-O, and with `inherit_default_runtime` the default handler's program. ConfigError for a `monitor_cgroup`
 * that the cgroup manager cannot make.
 */
export function completeHandlers(
  settings: Settings,
  runtime: Runtime,
  handlers: Record<string, RuntimeHandlerConfig>,
): void {
  const inherited = handlers[runtime.defaultRuntime];
  for (const [name, handler] of Object.entries(handlers)) {
    if (handler.inheritDefaultRuntime && inherited) {
      const { runtimePath, runtimeType, runtimeRoot, runtimeConfigPath } = inherited;
      Object.assign(handler, { runtimePath, runtimeType, runtimeRoot, runtimeConfigPath });
    }
    if (runtime.conmon !== "") handler.monitorPath = runtime.conmon;
    if (runtime.conmonEnv.length > 0) handler.monitorEnv = runtime.conmonEnv;
    if (runtime.conmonCgroup !== "") handler.monitorCgroup = runtime.conmonCgroup;
    if (runtime.cgroupManager === "cgroupfs" && handler.monitorCgroup === systemdDefault)
      handler.monitorCgroup = "pod";
    checkMonitorCgroup(settings, name, runtime, handler.monitorCgroup);
  }
}

function checkMonitorCgroup(settings: Settings, name: string, runtime: Runtime, value: string): void {
  if (value === "pod" || value === "") return;
  const systemd = runtime.cgroupManager === "systemd";
  if (systemd && value.endsWith(".slice")) return;
  const key =
    runtime.conmonCgroup === ""
      ? `${tables.handler.name}.${name}.monitor_cgroup`
      : `${tables.runtime.name}.conmon_cgroup`;
  const right = systemd ? 'a slice, "pod" or empty' : '"pod" or empty with the cgroup manager "cgroupfs"';
  throw wrongValue(settings.byName.get(key)?.place ?? "default", key, value, right);
}
