/** What becomes of the keys of containerd's CRI. The first rule that fits counts. */
import { changed, elsewhere, ignored, none, type Rule, taken } from "./containerd-rules.ts";

const runtimes = "cri/containerd/runtimes/*";
const handlers = "crio.runtime.runtimes.*";
const shim = "conmon is the monitor of every container, there are no shims";
const overlay = "critter stores by overlay, always";
const ownStore = "it is about containerd's own store";
const pivot = "the runtime uses pivot_root: the node's root cannot be a ramdisk";
const oneNetwork = "the pods of all runtimes are in the network of network_dir";
const runroot = "critter keeps the runtime's state in runroot";
const onePull = "there is one way to pull";
const controllers = "critter takes the controllers that are there";

export const criKeys: readonly Rule[] = [
  ...["cri/systemd_cgroup", "cri/containerd/default_runtime_name", "cri/registry/**"].map(elsewhere),
  ...["runtime_type", "runtime_engine", "pod_annotations", "base_runtime_spec"].map((key) =>
    elsewhere(`${runtimes}/${key}`),
  ),
  ...["BinaryName", "Runtime", "SystemdCgroup"].map((key) => elsewhere(`${runtimes}/options/${key}`)),
  ...["cri/enable_tls_streaming", "cri/x509_key_pair_streaming/*"].map(elsewhere),
  ...["cri/enable_unprivileged_ports", "cri/enable_unprivileged_icmp"].map(elsewhere),
  ...["cri/enable_cdi", "cri/cdi_spec_dirs", "cri/disable_apparmor"].map(elsewhere),
  ...["cri/cni/bin_dir", "cri/cni/bin_dirs", "cri/cni/conf_dir"].map(elsewhere),
  ...["cri/ignore_image_defined_volumes", "cri/image_pull_progress_timeout"].map(elsewhere),

  taken("cri/sandbox_image", "crio.image.pause_image"),
  taken("cri/pinned_images/sandbox", "crio.image.pause_image"),
  taken("cri/stream_server_address", "crio.api.stream_address"),
  taken("cri/stream_server_port", "crio.api.stream_port"),
  taken("cri/stream_idle_timeout", "crio.api.stream_idle_timeout"),
  taken("cri/enable_selinux", "crio.runtime.selinux"),
  taken("cri/device_ownership_from_security_context", "crio.runtime.device_ownership_from_security_context"),
  taken(`${runtimes}/privileged_without_host_devices`, `${handlers}.privileged_without_host_devices`),

  none("cri/snapshotter", overlay, "overlayfs"),
  none("cri/containerd/snapshotter", overlay, "overlayfs"),
  none(`${runtimes}/snapshotter`, overlay, "overlayfs"),
  changed("cri/pinned_images/*", "write the image into pinned_images, which has no names for them"),
  none(
    "cri/runtime_platforms/**",
    "images are of the machine's platform; platform_runtime_paths chooses a program by platform",
  ),
  none("cri/image_decryption/key_model", "encrypted images cannot be pulled", "node"),
  none("cri/max_concurrent_downloads", "critter decides how many layers come at once", 3),
  ignored("cri/image_pull_with_sync_fs", "a layer counts only once it is on disk"),
  ignored("cri/stats_collect_period", "see stats_collection_period", 10),
  ignored("cri/stats_retention_period", "critter tells what is, and keeps no history"),
  none("cri/selinux_category_range", "categories are of 1,024", 1024),
  none(
    "cri/max_container_log_line_size",
    "conmon writes long lines in parts of 8,192 bytes, which kubectl logs puts together",
    16384,
  ),
  none("cri/disable_cgroup", "critter needs cgroups"),
  ignored("cri/restrict_oom_score_adj", "critter finds out whether it may lower the score of a process"),
  none("cri/disable_proc_mount", "a pod's procMount is followed"),
  none(
    "cri/unset_seccomp_profile",
    "a container without a seccomp field is unconfined; the kubelet's seccompDefault gives it one",
  ),
  ignored("cri/tolerate_missing_hugetlb_controller", controllers, true),
  none("cri/disable_hugetlb_controller", controllers, true),
  changed(
    "cri/netns_mounts_under_state_dir",
    "namespaces_dir says where namespaces are pinned, /var/run unless it is set",
  ),
  none(
    "cri/drain_exec_sync_io_timeout",
    "critter itself decides how long it waits for output after the command's end",
    "0s",
  ),
  none("cri/containerd/no_pivot", pivot),
  none(
    "cri/containerd/ignore_blockio_not_enabled_errors",
    "a class of block I/O that is not there is an error",
  ),
  ignored(
    "cri/containerd/ignore_rdt_not_enabled_errors",
    "critter has no classes of RDT, and takes no notice of the annotations",
  ),
  none("cri/cni/max_conf_num", "a pod has one network, that of cni_default_network or of the first file", 1),
  ignored("cri/cni/setup_serially", "a pod has one network"),
  none(
    "cri/cni/conf_template",
    "critter writes no CNI configuration: put one into network_dir, with the node's pod CIDR",
  ),
  changed("cri/cni/ip_pref", "a pod's addresses are in the order in which the plugins answer them", "cni"),
  ignored("cri/cni/use_internal_loopback", "critter brings lo up by itself"),
  ignored(`${runtimes}/runtime_path`, shim),
  none(`${runtimes}/sandboxer`, shim, "podsandbox"),
  none(`${runtimes}/io_type`, shim, "fifo"),
  changed(
    `${runtimes}/container_annotations`,
    "allowed_annotations is about containers' annotations, too: add the names there",
  ),
  none(
    `${runtimes}/privileged_without_host_devices_all_devices_allowed`,
    "a privileged container without the host's devices may use no device that it was not given",
  ),
  none(
    `${runtimes}/cgroup_writable`,
    "the cgroup filesystem is read-only in containers that are not privileged",
  ),
  none(`${runtimes}/cni_conf_dir`, oneNetwork),
  none(`${runtimes}/cni_max_conf_num`, oneNetwork),
  ignored(`${runtimes}/runtime_root`, runroot),
  ignored(`${runtimes}/options/Root`, runroot),
  ignored(`${runtimes}/options/RuntimeRoot`, runroot),
  changed(`${runtimes}/options/ShimCgroup`, "monitor_cgroup is conmon's cgroup"),
  none(`${runtimes}/options/NoPivotRoot`, pivot),
  none(`${runtimes}/options/NoNewKeyring`, "the runtime makes a session keyring"),
  none(`${runtimes}/options/Criu*`, "checkpoints are not there"),
  none(`${runtimes}/options/*`, "critter gives the runtime no such option"),
  none(`${runtimes}/**`, "critter's handlers have no such key"),
  ignored("cri/containerd/**", ownStore),
  ignored("cri/use_local_image_pull", onePull),
  ignored("cri/disable_image_pull_with_transfer_service", onePull),
  ignored("cri/concurrent_layer_fetch_buffer", "a layer comes in one piece"),
  ignored("cri/disable_snapshot_annotations", ownStore),
  ignored("cri/discard_unpacked_layers", "critter keeps no archives of layers"),
  ignored("cri/ignore_deprecation_warnings", "it is about containerd's own keys"),
  ignored("cri/disable_tcp_service", "there is no CRI by TCP", true),
];
