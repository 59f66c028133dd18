/** Keys of `[crio.runtime.runtimes.NAME]`: a runtime's program, its monitor, and what is asked of it. */
import { programInPath } from "../linux/executable.ts";
import { choice, flag, type Key, list, parsed, path, stringTable, text, whole } from "./key.ts";
import { parseSize } from "./size.ts";

export const handlerKeys = {
  runtime_path: path("", "The runtime's program; when empty, the one of the table's name in PATH.", {
    derive: (facts) => find(facts.runtime),
  }),
  runtime_type: choice(
    ["oci", "vm", "pod"],
    "oci",
    'How the runtime is driven: "oci", by command and monitor. A handler of another type is left out.',
    { aliases: { "": "oci" } },
  ),
  runtime_config_path: path("", 'For runtimes of the type "vm" only, which critter does not drive.'),
  runtime_root: path("/run/critter/runtimes/runc", "The runtime's own state. Its default is in runroot.", {
    derive: (facts) => `${facts.runroot}/runtimes/${facts.runtime}`,
  }),
  inherit_default_runtime: flag(
    false,
    "Takes runtime_path, runtime_type and runtime_root of default_runtime.",
  ),
  platform_runtime_paths: stringTable(
    'Programs for images of other platforms, as "OS/ARCHITECTURE" = "PATH", for example "wasi/wasm".',
    'a table of "OS/ARCHITECTURE" = "/absolute/path"',
    (platform, program) => /^\w+(\/\w+){1,2}$/.test(platform) && program.startsWith("/"),
  ),
  monitor_path: path("", "conmon, or a program that understands its options; when empty, conmon in PATH.", {
    derive: () => find("conmon"),
  }),
  monitor_env: list(
    ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    "Environment of the monitor and of the runtime it starts.",
    'a list of "NAME=VALUE" strings',
    (entry) => (entry.indexOf("=") > 0 ? entry : undefined),
  ),
  monitor_cgroup: text(
    "system.slice",
    'cgroup of the monitor: a slice, "pod" for the pod\'s own, or empty for the daemon\'s; "pod" is the default with cgroupfs.',
    { derive: ({ cgroupManager }) => (cgroupManager === "systemd" ? "system.slice" : "pod") },
  ),
  allowed_annotations: list(
    [],
    "Annotations of pods that the runtime may see, by name or by the beginning of it; others never reach it.",
    "a list of annotation names",
    (name) => (/^[\w./-]+$/.test(name) ? name : undefined),
  ),
  default_annotations: stringTable(
    "Annotations of the runtime's specification where the pod has no others that are allowed.",
    "a table of strings",
    () => true,
  ),
  seccomp_profile: path("", "Goes before crio.runtime's seccomp_profile for the pods of this handler."),
  container_min_memory: parsed(
    "12MiB",
    "Least memory limit of a container, which the runtime needs for itself; 500KiB for crun.",
    'a size such as "12MiB"',
    (value) => (typeof value === "string" ? parseSize(value) : undefined),
    { derive: ({ runtime }) => (runtime === "crun" ? "500KiB" : "12MiB") },
  ),
  container_create_timeout: whole(
    240,
    "Seconds after which the creation of a container is given up, and its processes are killed.",
    "a number of seconds from 30",
    (value) => value >= 30,
  ),
  no_sync_log: flag(false, "Leaves a container's log to the page cache when it ends."),
  privileged_without_host_devices: flag(false, "Keeps the host's devices out of privileged containers."),
} satisfies Record<string, Key<unknown>>;

/** The program called `name` in PATH, or the bare name: a start that needs it then says it is missing. */
function find(name: string): string {
  return programInPath(name) ?? name;
}
