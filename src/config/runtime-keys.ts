/** The keys of `[crio.runtime]`. */
import { isNamespacedSysctl } from "../linux/sysctls.ts";
import type { Level } from "../log.ts";
import { parseDeviceEntry } from "./device-entry.ts";
import { choice, flag, list, parsed, parsePairs, path, paths, text, whole } from "./key.ts";

export const runtimeKeys = {
  default_runtime: text(
    "runc",
    "Runtime of pods that name no runtime handler; a table of crio.runtime.runtimes.",
  ),
  cgroup_manager: choice(
    ["systemd", "cgroupfs"],
    "systemd",
    'How cgroups are made. The default is "cgroupfs" where systemd does not run. The kubelet must use the same.',
    { derive: ({ cgroupManager }) => cgroupManager },
  ),
  log_level: choice(
    ["trace", "debug", "info", "warn", "error", "fatal"] satisfies Level[],
    "info",
    "The least severe log lines that are written: trace, debug, info, warn, error or fatal.",
    { reload: true, aliases: { panic: "fatal", warning: "warn" } },
  ),
  default_capabilities: list(
    ["CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE", "KILL"],
    "Capabilities of a container whose pod says nothing of them.",
    'a list of capability names such as "CHOWN"',
    (name) => (/^(CAP_)?[A-Z_]+$/i.test(name) ? name.toUpperCase().replace(/^CAP_/, "") : undefined),
    { reload: true },
  ),
  add_inheritable_capabilities: flag(
    false,
    "Makes a container's capabilities inheritable, which ordinary containers do not need.",
    { reload: true },
  ),
  default_sysctls: parsed(
    [],
    'Sysctls of every pod, as "NAME=VALUE"; those of a namespace that is the host\'s are left out.',
    'a list of "NAME=VALUE" strings, each of a network, IPC or UTS namespace',
    sysctlsOf,
    { reload: true },
  ),
  default_env: list(
    [],
    'Environment of every container, as "NAME=VALUE"; the image and the pod go before it.',
    'a list of "NAME=VALUE" strings',
    (entry) => (entry.indexOf("=") > 0 ? entry : undefined),
    { reload: true },
  ),
  default_ulimits: list(
    [],
    'Limits of every container, as "NAME=SOFT:HARD", for example "nofile=1024:2048".',
    'a list of "NAME=SOFT:HARD" strings, SOFT not above HARD, -1 for no limit',
    ulimit,
    { reload: true },
  ),
  additional_devices: list(
    [],
    'Devices of every container, as "HOST[:CONTAINER][:PERMISSIONS]", for example "/dev/fuse:/dev/fuse:rwm".',
    'a list of "HOST[:CONTAINER][:PERMISSIONS]" strings, CONTAINER below /dev, PERMISSIONS of r, w and m',
    parseDeviceEntry,
  ),
  allowed_devices: paths(
    ["/dev/fuse", "/dev/net/tun"],
    "Devices that a pod may ask for by the annotation io.kubernetes.cri-o.Devices, where its handler allows that.",
  ),
  device_ownership_from_security_context: flag(
    false,
    "Gives a pod's devices to its run_as_user and run_as_group, where they are set and not root's.",
    { reload: true },
  ),
  cdi_spec_dirs: paths(
    ["/etc/cdi", "/var/run/cdi"],
    "Folders of CDI specifications of devices, JSON or YAML; later ones go before earlier ones. Changes in them need no restart.",
  ),
  hooks_dir: paths(
    ["/usr/share/containers/oci/hooks.d", "/etc/containers/oci/hooks.d"],
    "Folders of oci-hooks(5), *.json; a file in a later one takes the place of one with its name. Changes need no restart.",
  ),
  blockio_config_file: path(
    "",
    "Classes of block I/O (YAML), which pods choose by the annotation blockio.resources.beta.kubernetes.io/pod; when empty, there are none.",
  ),
  blockio_reload: flag(false, "Reads blockio_config_file anew for each container that is in a class."),
  default_mounts_file: path(
    "",
    'Mounts of every container, a line "SRC:DST" each; when empty, /etc/containers/mounts.conf or that in /usr/share. Changes need no restart.',
  ),
  absent_mount_sources_to_reject: paths(
    [],
    "Host paths that are no mount's source while they are absent; others are made, as folders.",
    { reload: true },
  ),
  pids_limit: whole(
    -1,
    "Most processes in one container; -1 leaves it to the pod.",
    "-1 or a number above 0",
    (value) => value === -1 || value > 0,
    { reload: true },
  ),
  log_size_max: whole(
    -1,
    "Size in bytes at which a container's log is begun anew; -1 leaves rotation to the kubelet.",
    "-1 or at least 8192 bytes",
    (value) => value === -1 || value >= 8192,
  ),
  seccomp_profile: path(
    "",
    "Seccomp profile (JSON) of containers that ask for the runtime's default; when empty, critter's own.",
    { reload: true },
  ),
  selinux: flag(false, "Labels pods and their files for SELinux, where the kernel has it."),
  hostnetwork_disable_selinux: flag(
    true,
    "Leaves the processes of pods on the host's network without a label of theirs.",
    { reload: true },
  ),
  apparmor_profile: text(
    "critter-default",
    'AppArmor profile of containers that ask for no other, which must be loaded unless it is critter\'s own; "unconfined" for none.',
    { reload: true },
  ),
  privileged_seccomp_profile: path(
    "",
    "Seccomp profile (JSON) of privileged containers; when empty, they have none.",
    { reload: true },
  ),
  read_only: flag(false, "Gives every container a read-only root filesystem.", { reload: true }),
  conmon: path("", "Deprecated: the monitor_path of all runtimes."),
  conmon_env: list(
    [],
    "Deprecated: the monitor_env of all runtimes.",
    'a list of "NAME=VALUE" strings',
    (entry) => (entry.indexOf("=") > 0 ? entry : undefined),
  ),
  conmon_cgroup: text("", "Deprecated: the monitor_cgroup of all runtimes."),
  drop_infra_ctr: flag(
    false,
    "Runs a pod without its pause container where no namespace of the pod needs one.",
  ),
  enable_pod_events: flag(
    false,
    "Tells the kubelet of what happens to pods and containers as it happens, for its feature gate EventedPLEG.",
  ),
  namespaces_dir: path(
    "/var/run",
    "Folder in which a pod's namespaces are pinned: netns, ipcns, utsns, one folder each.",
  ),
  container_exits_dir: path(
    "/run/critter/exits",
    "Folder of the monitors' exit files. Its default is in runroot.",
    {
      derive: ({ runroot }) => `${runroot}/exits`,
    },
  ),
};

export interface Ulimit {
  name: string;
  soft: number;
  hard: number;
}

function sysctlsOf(value: unknown): Record<string, string> | undefined {
  const sysctls = parsePairs(value);
  return sysctls && Object.keys(sysctls).every(isNamespacedSysctl) ? sysctls : undefined;
}

/** getrlimit(2), names without `RLIMIT_`. */
const rlimits = new Set([
  ...["as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc"],
  ...["rss", "rtprio", "rttime", "sigpending", "stack"],
]);

function ulimit(entry: string): Ulimit | undefined {
  const match = /^(?:RLIMIT_)?([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/i.exec(entry);
  if (!match || !rlimits.has((match[1] as string).toLowerCase())) return undefined;
  const soft = Number(match[2]);
  const hard = Number(match[3] ?? match[2]);
  const fits = hard === -1 || (soft !== -1 && soft <= hard);
  return fits ? { name: (match[1] as string).toLowerCase(), soft, hard } : undefined;
}
