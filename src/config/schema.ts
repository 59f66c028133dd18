/** Every table and key of crio.conf that critter reads. Defaults, validation, types and the example come from here. */
import { isNamespacedSysctl } from "../linux/sysctls.ts";
import type { Level } from "../log.ts";
import { parseDeviceEntry } from "./device-entry.ts";
import { parseDuration } from "./duration.ts";
import { handlerKeys } from "./handler-keys.ts";
import { choice, flag, type Key, list, parsed, parsePairs, path, paths, text, whole } from "./key.ts";
import { metricsKeys } from "./metrics-keys.ts";
import { statsKeys } from "./stats-keys.ts";
import { streamKeys } from "./stream-keys.ts";
import { tracingKeys } from "./tracing-keys.ts";

export type Keys = Record<string, Key<unknown>>;

const megabyte = 1024 * 1024;

const crio = {
  root: path("/var/lib/critter", "Folder of what outlives a reboot: images, layers, the state database."),
  runroot: path("/run/critter", "Folder of what a reboot ends: mounts, bundles, sockets. A tmpfs is best."),
} satisfies Keys;

const api = {
  listen: path("/run/critter/critter.sock", "Unix socket of the CRI, mode 0660. Its default is in runroot.", {
    derive: ({ runroot }) => `${runroot}/critter.sock`,
  }),
  ...streamKeys,
  grpc_max_send_msg_size: whole(
    80 * megabyte,
    "Largest answer, in bytes.",
    "a number of bytes above 0",
    positive,
  ),
  grpc_max_recv_msg_size: whole(
    80 * megabyte,
    "Largest request, in bytes.",
    "a number of bytes above 0",
    positive,
  ),
} satisfies Keys;

const runtime = {
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
} satisfies Keys;

const image = {
  pause_image: text("registry.k8s.io/pause:3.10.1", "Image of the pause container, pulled when absent.", {
    reload: true,
  }),
  pause_image_auth_file: path("", "auth.json with the credentials that pull the pause image.", {
    reload: true,
  }),
  pause_command: text("", "Program of the pause container; when empty, the image's own entrypoint.", {
    reload: true,
  }),
  image_volumes: choice(
    ["mkdir", "bind", "ignore"],
    "mkdir",
    "Volumes that an image declares: folders of its root, mounts of a folder each with what the image has there, or nothing.",
    { reload: true },
  ),
  pinned_images: list(
    [],
    'Images that the kubelet must not collect, besides the pause image: names in full, "NAME*" or "*PART*".',
    'a list of image names, "*" only at the end or at both ends',
    imagePattern,
    { reload: true },
  ),
  max_layer_size: whole(
    32 * 1024 * megabyte,
    "Largest layer, in bytes of its uncompressed archive, holes of sparse files not counted; 0 for any size. It bounds the files of a layer too: each has 512 bytes there at least.",
    "a number of bytes, or 0",
    (value) => value >= 0,
    { reload: true },
  ),
  pull_progress_timeout: parsed(
    "0s",
    "How long a pull may be without a byte of its layers before it is cancelled; 0 for ever.",
    'a duration such as "10s" or "2m"',
    duration,
    { reload: true },
  ),
  oci_artifact_mount_support: flag(
    false,
    "Whether PullImage takes OCI artifacts as well as images, for image volumes: the kubelet, which pulls before it creates a container, needs true. With false PullImage refuses them; CreateContainer fetches one that a mount names and that is not here.",
    { reload: true },
  ),
  global_auth_file: path(
    "",
    "auth.json with credentials for pulls that bring none. Changes in it need no restart.",
  ),
  namespaced_auth_dir: path(
    "/etc/crio/auth",
    "Folder in which a credential provider leaves an auth.json for one pull, named for namespace and image.",
    { reload: true },
  ),
  registries_conf: path(
    "/etc/containers/registries.conf",
    "containers-registries.conf(5) in its version 2: mirrors, insecure and blocked registries. Changes in it need no restart.",
  ),
  short_name_mode: choice(
    ["", "enforcing", "permissive", "disabled"],
    "",
    'Of names without a registry that could be in several: "enforcing" refuses them, "permissive" and "disabled" try one after the other; when empty, as registries.conf says.',
    { reload: true },
  ),
  registry_certs_dirs: paths(
    ["/etc/containers/certs.d", "/etc/containerd/certs.d", "/etc/docker/certs.d"],
    "Folders with one folder HOST[:PORT] per registry, the first found counts: hosts.toml, or certificates *.crt, *.cert, *.key, beside the authorities that the machine trusts. Changes need no restart.",
  ),
  signature_policy: path(
    "",
    "containers-policy.json(5): which images may be pulled, signed by whom. Changes in it need no restart. When empty, /etc/containers/policy.json, without which every image may.",
    { reload: true },
  ),
  signature_policy_dir: path(
    "/etc/crio/policies",
    "Folder of NAMESPACE.json, which goes before signature_policy for the pods of that namespace.",
    { reload: true },
  ),
} satisfies Keys;

const network = {
  cni_default_network: text(
    "",
    "Name of the CNI network of pods; when empty, the first file of network_dir in order of name.",
  ),
  network_dir: path(
    "/etc/cni/net.d",
    "Folder of the CNI network configurations. Changes in it need no restart.",
  ),
  plugin_dirs: paths(
    ["/opt/cni/bin", "/usr/libexec/cni", "/usr/lib/cni"],
    "Folders of the CNI plugins, searched in this order.",
  ),
} satisfies Keys;

/** The tables in the order of the example. `handler` stands for `[crio.runtime.runtimes.NAME]`, any number of times. */
export const tables = {
  crio: { name: "crio", keys: crio },
  api: { name: "crio.api", keys: api },
  runtime: { name: "crio.runtime", keys: runtime },
  handler: { name: "crio.runtime.runtimes", keys: handlerKeys },
  image: { name: "crio.image", keys: image },
  network: { name: "crio.network", keys: network },
  stats: { name: "crio.stats", keys: statsKeys },
  metrics: { name: "crio.metrics", keys: metricsKeys },
  tracing: { name: "crio.tracing", keys: tracingKeys },
} as const;

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;
type Values<K extends Keys> = {
  -readonly [Name in keyof K & string as Camel<Name>]: K[Name] extends Key<infer T> ? T : never;
};

export interface Ulimit {
  name: string;
  soft: number;
  hard: number;
}

/** One runtime handler: `[crio.runtime.runtimes.NAME]`. */
export type RuntimeHandlerConfig = Values<typeof handlerKeys>;

/** What crio.conf says, every key with a value; names are crio.conf's in camelCase, grouped by table. */
export interface Config {
  crio: Values<typeof crio>;
  api: Values<typeof api>;
  /** `runtimes` has an entry for `defaultRuntime` at least. */
  runtime: Values<typeof runtime> & { runtimes: Record<string, RuntimeHandlerConfig> };
  image: Values<typeof image>;
  network: Values<typeof network>;
  stats: Values<typeof statsKeys>;
  metrics: Values<typeof metricsKeys>;
  tracing: Values<typeof tracingKeys>;
}

function positive(value: number): boolean {
  return value > 0;
}

function duration(value: unknown): number | undefined {
  return typeof value === "string" ? parseDuration(value) : undefined;
}

function sysctlsOf(value: unknown): Record<string, string> | undefined {
  const sysctls = parsePairs(value);
  return sysctls && Object.keys(sysctls).every(isNamespacedSysctl) ? sysctls : undefined;
}

function imagePattern(value: string): string | undefined {
  return /^([^*]+\*?|\*([^*]+\*)?)$/.test(value) ? value : undefined;
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
