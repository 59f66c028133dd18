/** What becomes of each key of containerd's config.toml. Paths are those of containerd-files.ts; * is any name, ** any rest. */
import type { TomlValue } from "smol-toml";
import type { RemarkKind } from "./translation.ts";

interface Matching {
  path: string;
  /** Values that ask for nothing which critter does not do, besides those that are empty. */
  idle?: readonly TomlValue[];
}

/** The value goes to critter's key `to` as it is; a `*` there is that of the path. */
interface Taking extends Matching {
  to: string;
}

/** There is no key for it; `text` says what happens instead. */
interface Remarking extends Matching {
  kind: RemarkKind;
  text: string;
}

/** A part of the translation by itself sees to it. */
interface Elsewhere extends Matching {
  elsewhere: true;
}

export type Rule = Taking | Remarking | Elsewhere;

const runtimes = "cri/containerd/runtimes/*";
const handlers = "crio.runtime.runtimes.*";
const oneFormat = "critter's log is JSON, a line each";
const shim = "conmon is the monitor of every container, there are no shims";
const twoDisks = "critter keeps images and state in /var/lib/critter; mount a disk of its own there";

const taken: Taking[] = [
  { path: "debug/level", to: "crio.runtime.log_level" },
  {
    path: "grpc/max_recv_message_size",
    to: "crio.api.grpc_max_recv_msg_size",
    idle: [16777216],
  },
  {
    path: "grpc/max_send_message_size",
    to: "crio.api.grpc_max_send_msg_size",
    idle: [16777216],
  },
  { path: "cri/sandbox_image", to: "crio.image.pause_image" },
  { path: "cri/pinned_images/sandbox", to: "crio.image.pause_image" },
  { path: "cri/stream_server_address", to: "crio.api.stream_address" },
  { path: "cri/stream_server_port", to: "crio.api.stream_port" },
  { path: "cri/stream_idle_timeout", to: "crio.api.stream_idle_timeout" },
  { path: "cri/enable_selinux", to: "crio.runtime.selinux" },
  {
    path: "cri/device_ownership_from_security_context",
    to: "crio.runtime.device_ownership_from_security_context",
  },
  {
    path: "plugins/io.containerd.service.v1.tasks-service/blockio_config_file",
    to: "crio.runtime.blockio_config_file",
  },
  {
    path: `${runtimes}/privileged_without_host_devices`,
    to: `${handlers}.privileged_without_host_devices`,
  },
];

const remarked: Remarking[] = [
  { path: "root", kind: "changed", idle: ["/var/lib/containerd"], text: twoDisks },
  {
    path: "state",
    kind: "changed",
    idle: ["/run/containerd"],
    text: "critter's runroot is /run/critter",
  },
  { path: "temp", kind: "ignored", text: "critter unpacks where layers stay" },
  { path: "plugin_dir", kind: "ignored", text: "critter has no plugins" },
  {
    path: "oom_score",
    kind: "changed",
    text: "OOMScoreAdjust= of critter's unit says it, -999 as packaged",
  },
  {
    path: "cgroup/path",
    kind: "changed",
    text: "Slice= of critter's unit says it",
  },
  {
    path: "required_plugins",
    kind: "ignored",
    text: "critter has no plugins",
  },
  {
    path: "proxy_plugins/**",
    kind: "none",
    text: "plugins of containerd's cannot be used",
  },
  {
    path: "stream_processors/**",
    kind: "ignored",
    text: "they are for encrypted images, which cannot be pulled",
  },
  { path: "timeouts/**", kind: "ignored", text: "critter's own time limits are fixed" },

  {
    path: "grpc/address",
    kind: "changed",
    idle: ["/run/containerd/containerd.sock"],
    text: "critter listens on /run/critter/critter.sock",
  },
  {
    path: "grpc/uid",
    kind: "none",
    text: "the socket is root's, and who may write to it is root",
  },
  {
    path: "grpc/gid",
    kind: "none",
    text: "the socket is of root's group, and who may write to it is root",
  },
  { path: "grpc/tcp_*", kind: "none", text: "there is no CRI by TCP" },
  {
    path: "grpc-tcp/address",
    kind: "none",
    text: "there is no CRI by TCP",
  },
  { path: "grpc-tcp/**", kind: "ignored", text: "there is no CRI by TCP" },
  { path: "ttrpc/**", kind: "ignored", text: shim },
  { path: "debug/format", kind: "changed", idle: ["json"], text: oneFormat },
  { path: "debug/log_trace_id", kind: "ignored", text: "the log has trace_id where there is a trace" },
  {
    path: "debug/**",
    kind: "none",
    text: "there is no socket for debugging; docs/debugging.md says what there is",
  },
  {
    path: "metrics/grpc_histogram",
    kind: "changed",
    text: "the time that RPCs take is among critter's metrics",
  },

  {
    path: "cri/snapshotter",
    kind: "none",
    idle: ["overlayfs"],
    text: "critter stores by overlay, always",
  },
  {
    path: "cri/containerd/snapshotter",
    kind: "none",
    idle: ["overlayfs"],
    text: "critter stores by overlay, always",
  },
  {
    path: `${runtimes}/snapshotter`,
    kind: "none",
    idle: ["overlayfs"],
    text: "critter stores by overlay, always",
  },
  {
    path: "cri/pinned_images/*",
    kind: "changed",
    text: "write the image into pinned_images, which has no names for them",
  },
  {
    path: "cri/runtime_platforms/**",
    kind: "none",
    text: "images are of the machine's platform; platform_runtime_paths chooses a program by platform",
  },
  {
    path: "cri/image_decryption/key_model",
    kind: "none",
    idle: ["node"],
    text: "encrypted images cannot be pulled",
  },
  {
    path: "cri/max_concurrent_downloads",
    kind: "none",
    idle: [3],
    text: "critter decides how many layers come at once",
  },
  {
    path: "cri/image_pull_with_sync_fs",
    kind: "ignored",
    text: "a layer counts only once it is on disk",
  },
  { path: "cri/stats_collect_period", kind: "ignored", idle: [10], text: "see stats_collection_period" },
  {
    path: "cri/stats_retention_period",
    kind: "ignored",
    text: "critter tells what is, and keeps no history",
  },
  {
    path: "cri/selinux_category_range",
    kind: "none",
    idle: [1024],
    text: "categories are of 1,024",
  },
  {
    path: "cri/max_container_log_line_size",
    kind: "none",
    idle: [16384],
    text: "conmon writes long lines in parts of 8,192 bytes, which kubectl logs puts together",
  },
  {
    path: "cri/disable_cgroup",
    kind: "none",
    text: "critter needs cgroups",
  },
  {
    path: "cri/restrict_oom_score_adj",
    kind: "ignored",
    text: "critter finds out whether it may lower the score of a process",
  },
  {
    path: "cri/disable_proc_mount",
    kind: "none",
    text: "a pod's procMount is followed",
  },
  {
    path: "cri/unset_seccomp_profile",
    kind: "none",
    text: "a container without a seccomp field is unconfined; the kubelet's seccompDefault gives it one",
  },
  {
    path: "cri/tolerate_missing_hugetlb_controller",
    kind: "ignored",
    idle: [true],
    text: "critter takes the controllers that are there",
  },
  {
    path: "cri/disable_hugetlb_controller",
    kind: "none",
    idle: [true],
    text: "critter takes the controllers that are there",
  },
  {
    path: "cri/netns_mounts_under_state_dir",
    kind: "changed",
    text: "namespaces_dir says where namespaces are pinned, /var/run unless it is set",
  },
  {
    path: "cri/drain_exec_sync_io_timeout",
    kind: "none",
    idle: ["0s"],
    text: "critter itself decides how long it waits for output after the command's end",
  },
  {
    path: "cri/containerd/no_pivot",
    kind: "none",
    text: "the runtime uses pivot_root: the node's root cannot be a ramdisk",
  },
  {
    path: "cri/containerd/ignore_blockio_not_enabled_errors",
    kind: "none",
    text: "a class of block I/O that is not there is an error",
  },
  {
    path: "cri/containerd/ignore_rdt_not_enabled_errors",
    kind: "ignored",
    text: "critter has no classes of RDT, and takes no notice of the annotations",
  },
  {
    path: "cri/cni/max_conf_num",
    kind: "none",
    idle: [1],
    text: "a pod has one network, that of cni_default_network or of the first file",
  },
  {
    path: "cri/cni/setup_serially",
    kind: "ignored",
    text: "a pod has one network",
  },
  {
    path: "cri/cni/conf_template",
    kind: "none",
    text: "critter writes no CNI configuration: put one into network_dir, with the node's pod CIDR",
  },
  {
    path: "cri/cni/ip_pref",
    kind: "changed",
    idle: ["cni"],
    text: "a pod's addresses are in the order in which the plugins answer them",
  },
  {
    path: "cri/cni/use_internal_loopback",
    kind: "ignored",
    text: "critter brings lo up by itself",
  },
  { path: `${runtimes}/runtime_path`, kind: "ignored", text: shim },
  { path: `${runtimes}/sandboxer`, kind: "none", idle: ["podsandbox"], text: shim },
  { path: `${runtimes}/io_type`, kind: "none", idle: ["fifo"], text: shim },
  {
    path: `${runtimes}/container_annotations`,
    kind: "changed",
    text: "allowed_annotations is about containers' annotations, too: add the names there",
  },
  {
    path: `${runtimes}/privileged_without_host_devices_all_devices_allowed`,
    kind: "none",
    text: "a privileged container without the host's devices may use no device that it was not given",
  },
  {
    path: `${runtimes}/cgroup_writable`,
    kind: "none",
    text: "the cgroup filesystem is read-only in containers that are not privileged",
  },
  {
    path: `${runtimes}/cni_conf_dir`,
    kind: "none",
    text: "the pods of all runtimes are in the network of network_dir",
  },
  {
    path: `${runtimes}/cni_max_conf_num`,
    kind: "none",
    text: "the pods of all runtimes are in the network of network_dir",
  },
  {
    path: `${runtimes}/runtime_root`,
    kind: "ignored",
    text: "critter keeps the runtime's state in runroot",
  },
  {
    path: `${runtimes}/options/Root`,
    kind: "ignored",
    text: "critter keeps the runtime's state in runroot",
  },
  {
    path: `${runtimes}/options/RuntimeRoot`,
    kind: "ignored",
    text: "critter keeps the runtime's state in runroot",
  },
  { path: `${runtimes}/options/ShimCgroup`, kind: "changed", text: "monitor_cgroup is conmon's cgroup" },
  {
    path: `${runtimes}/options/NoPivotRoot`,
    kind: "none",
    text: "the runtime uses pivot_root: the node's root cannot be a ramdisk",
  },
  {
    path: `${runtimes}/options/NoNewKeyring`,
    kind: "none",
    text: "the runtime makes a session keyring",
  },
  { path: `${runtimes}/options/Criu*`, kind: "none", text: "checkpoints are not there" },
  {
    path: `${runtimes}/options/*`,
    kind: "none",
    text: "critter gives the runtime no such option",
  },
  { path: `${runtimes}/**`, kind: "none", text: "critter's handlers have no such key" },
  {
    path: "cri/containerd/**",
    kind: "ignored",
    text: "it is about containerd's own store",
  },
  {
    path: "cri/use_local_image_pull",
    kind: "ignored",
    text: "there is one way to pull",
  },
  {
    path: "cri/disable_image_pull_with_transfer_service",
    kind: "ignored",
    text: "there is one way to pull",
  },
  {
    path: "cri/concurrent_layer_fetch_buffer",
    kind: "ignored",
    text: "a layer comes in one piece",
  },
  { path: "cri/disable_snapshot_annotations", kind: "ignored", text: "it is about containerd's own store" },
  { path: "cri/discard_unpacked_layers", kind: "ignored", text: "critter keeps no archives of layers" },
  {
    path: "cri/ignore_deprecation_warnings",
    kind: "ignored",
    text: "it is about containerd's own keys",
  },
  { path: "cri/disable_tcp_service", kind: "ignored", idle: [true], text: "there is no CRI by TCP" },

  {
    path: "plugins/io.containerd.image-verifier.v1.bindir/bin_dir",
    kind: "none",
    idle: ["/opt/containerd/image-verifier/bin"],
    text: "no program is asked; signature_policy says which images may be pulled",
  },
  {
    path: "plugins/io.containerd.service.v1.tasks-service/rdt_config_file",
    kind: "none",
    text: "critter has no classes of RDT: caches and bandwidth are shared",
  },
  {
    path: "plugins/io.containerd.nri.v1.nri/**",
    kind: "ignored",
    text: "critter has no NRI: its plugins are not called",
  },
  { path: "plugins/**", kind: "ignored", text: "it is about a plugin of containerd's own" },
];

const elsewhere = [
  ...["version", "imports", "disabled_plugins", "metrics/address"],
  ...["cri/systemd_cgroup", "cri/containerd/default_runtime_name"],
  ...["runtime_type", "runtime_engine", "pod_annotations", "base_runtime_spec"].map(
    (key) => `${runtimes}/${key}`,
  ),
  ...["BinaryName", "Runtime", "SystemdCgroup"].map((key) => `${runtimes}/options/${key}`),
  ...["cri/registry/**", "plugins/io.containerd.transfer.v1.local/config_path"],
  ...["cri/enable_tls_streaming", "cri/x509_key_pair_streaming/*"],
  ...["cri/enable_unprivileged_ports", "cri/enable_unprivileged_icmp"],
  ...["cri/enable_cdi", "cri/cdi_spec_dirs", "cri/disable_apparmor"],
  ...["cri/cni/bin_dir", "cri/cni/bin_dirs", "cri/cni/conf_dir"],
  ...["cri/ignore_image_defined_volumes", "cri/image_pull_progress_timeout"],
  ...["endpoint", "protocol", "insecure"].map(
    (key) => `plugins/io.containerd.tracing.processor.v1.otlp/${key}`,
  ),
  ...["sampling_ratio", "service_name"].map((key) => `plugins/io.containerd.internal.v1.tracing/${key}`),
].map((path): Elsewhere => ({ path, elsewhere: true }));

/** The first that matches counts. */
const rules: readonly Rule[] = [...elsewhere, ...taken, ...remarked];

export interface Match {
  rule: Rule;
  /** What the first `*` of the rule's path stands for. */
  name: string;
}

export function ruleFor(path: readonly string[]): Match | undefined {
  for (const rule of rules) {
    const name = matched(rule.path.split("/"), path);
    if (name !== undefined) return { rule, name };
  }
  return undefined;
}

/** What the first `*` stands for, empty where there is none; undefined where `path` is another. */
function matched(pattern: readonly string[], path: readonly string[]): string | undefined {
  const open = pattern.at(-1) === "**";
  const fixed = open ? pattern.slice(0, -1) : pattern;
  if (open ? path.length < fixed.length : path.length !== fixed.length) return undefined;
  const fits = fixed.every((part, index) => {
    const name = path[index]!;
    return part.endsWith("*") ? name.startsWith(part.slice(0, -1)) : part === name;
  });
  return fits ? (path[fixed.indexOf("*")] ?? "") : undefined;
}
