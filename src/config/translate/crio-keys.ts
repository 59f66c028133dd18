/** Keys of CRI-O's crio.conf(5) that critter lacks, or that must not be taken as they are. The others mean the same. */
import type { TomlValue } from "smol-toml";
import type { RemarkKind } from "./translation.ts";

export interface Departure {
  kind: RemarkKind;
  /** Values that ask for nothing which critter does not do, besides those that are empty. */
  idle: readonly TomlValue[];
  /** What happens instead. */
  text: string;
}

const departing =
  (kind: RemarkKind) =>
  (text: string, ...idle: TomlValue[]): Departure => ({ kind, text, idle });
const none = departing("none");
const changed = departing("changed");
const ignored = departing("ignored");

const own = "critter keeps a folder of its own beside CRI-O's";
const givenUp = "CRI-O has given it up, too";
const interrupts = "critter does not steer interrupts";
const ids = "a pod asks for a user namespace (hostUsers: false), and the kubelet chooses the IDs";
const nri = "critter has no NRI: its plugins are not called";
const partitioning = "critter leaves processors to the kubelet's CPU manager";

/** Keys and whole tables by full name; those of a runtime's table below `runtimes.*`. */
export const departures: Readonly<Record<string, Departure>> = {
  "crio.root": changed(`${own}, /var/lib/critter unless root says otherwise; images are pulled anew`),
  "crio.runroot": changed(`${own}, /run/critter unless runroot says otherwise`),
  "crio.imagestore": none("images are kept in root; mount another disk there"),
  "crio.storage_driver": none("critter stores by overlay, always", "overlay"),
  "crio.storage_option": none("critter's storage has no options"),
  "crio.log_dir": ignored("the kubelet says for each pod where its logs are"),
  "crio.version_file": ignored("critter's database knows the boot it is of"),
  "crio.version_file_persist": ignored("critter's database knows the version it is of"),
  "crio.clean_shutdown_file": ignored("critter's database survives a crash by itself"),
  "crio.internal_wipe": ignored("after a reboot critter removes the pods by itself, and keeps images"),
  "crio.internal_repair": ignored(
    "images count once they are on disk; critter check --repair is there for the rest",
  ),
  "crio.file_locking": ignored(givenUp),
  "crio.file_locking_path": ignored(givenUp),

  "crio.api.listen": changed("critter listens on /run/critter/critter.sock; tell the kubelet and crictl"),
  "crio.api.host_ip": ignored(givenUp),

  "crio.runtime.no_pivot": none("the runtime uses pivot_root: the node's root cannot be a ramdisk"),
  "crio.runtime.log_to_journald": none("conmon writes the file that the kubelet reads, nothing else"),
  "crio.runtime.decryption_keys_path": none("encrypted images cannot be pulled", "/etc/crio/keys/"),
  "crio.runtime.irqbalance_config_file": none(interrupts, "/etc/sysconfig/irqbalance"),
  "crio.runtime.irqbalance_config_restore_file": none(
    interrupts,
    "/etc/sysconfig/orig_irq_banned_cpus",
    "disable",
  ),
  "crio.runtime.rdt_config_file": none("critter has no classes of RDT: caches and bandwidth are shared"),
  "crio.runtime.container_exits_dir": ignored(`${own}, in runroot`),
  "crio.runtime.container_attach_socket_dir": ignored(`${own}, in runroot`),
  "crio.runtime.bind_mount_prefix": none("mounts come from the paths that the kubelet names"),
  "crio.runtime.uid_mappings": none(ids),
  "crio.runtime.gid_mappings": none(ids),
  "crio.runtime.minimum_mappable_uid": none(ids, -1),
  "crio.runtime.minimum_mappable_gid": none(ids, -1),
  "crio.runtime.log_filter": none("log_level chooses among the lines of the log"),
  "crio.runtime.pinns_path": ignored("critter makes namespaces without a program"),
  "crio.runtime.enable_criu_support": none(
    "checkpoints are not there: CheckpointContainer answers UNIMPLEMENTED",
  ),
  "crio.runtime.ctr_stop_timeout": ignored("a stop takes the grace period that the kubelet gives"),
  "crio.runtime.separate_pull_cgroup": none("images are pulled in the daemon's cgroup"),
  "crio.runtime.infra_ctr_cpuset": none(partitioning),
  "crio.runtime.shared_cpuset": none(partitioning),
  "crio.runtime.disable_hostport_mapping": none(
    "host ports are made where the CNI configuration has portmap: take it out there",
  ),
  "crio.runtime.timezone": none("containers have the time zone of their image; default_env may set TZ"),
  "crio.runtime.default_mounts": none("write a line SRC:DST for each into the file of default_mounts_file"),
  "crio.runtime.workloads": none("annotations do not choose processors or shares"),
  "crio.runtime.manage_ns_lifecycle": ignored(givenUp),
  "crio.runtime.manage_network_ns_lifecycle": ignored(givenUp),

  "crio.runtime.runtimes.*.runtime_root": ignored(
    "critter keeps the runtime's state in runroot, apart from CRI-O's",
  ),
  "crio.runtime.runtimes.*.runtime_config_path": ignored("it is for runtimes of the type vm"),
  "crio.runtime.runtimes.*.monitor_exec_cgroup": none(
    "exec runs in the container's cgroup, and has no monitor",
  ),
  "crio.runtime.runtimes.*.runtime_pull_image": none("critter pulls and mounts the images of all pods"),
  "crio.runtime.runtimes.*.stream_websockets": ignored("critter serves WebSocket and SPDY for every runtime"),
  "crio.runtime.runtimes.*.exec_cpu_affinity": none(partitioning),

  "crio.image.default_transport": none("images come from registries, no other transport", "docker://"),
  "crio.image.insecure_registries": ignored(
    "CRI-O does not read it any more either: registries.conf has insecure = true",
  ),
  "crio.image.registries": ignored(
    "CRI-O does not read it any more either: registries.conf has unqualified-search-registries",
  ),
  "crio.image.big_files_temporary_dir": ignored(
    "layers are unpacked as they come, in root; nothing is kept elsewhere meanwhile",
  ),
  "crio.image.auto_reload_registries": ignored("changes in registries.conf need no restart and no signal"),

  "crio.nri.enable_nri": none(nri),
  "crio.nri.nri_listen": ignored(nri),
  "crio.nri.nri_plugin_dir": ignored(nri),
  "crio.nri.nri_plugin_config_dir": ignored(nri),
  "crio.nri.nri_plugin_registration_timeout": ignored(nri),
  "crio.nri.nri_plugin_request_timeout": ignored(nri),
  "crio.nri.nri_disable_connections": ignored(nri),
  "crio.nri.default_validator": ignored(nri),
};

/** Keys that are taken, and what to know of them; said where the value asks for something. */
export const changes: Readonly<Record<string, string>> = {
  "crio.runtime.seccomp_profile":
    "where the file is absent, CRI-O takes its own profile and critter refuses the container",
};

/** Annotations that CRI-O acts upon and critter does not, by the names of today and of before. */
export const annotationsWithoutMeaning: readonly string[] = [
  "io.kubernetes.cri-o.userns-mode",
  "userns-mode.crio.io",
  "io.kubernetes.cri-o.UnifiedCgroup",
  "unified-cgroup.crio.io",
  "io.kubernetes.cri-o.LinkLogs",
  "link-logs.crio.io",
  "io.kubernetes.cri-o.cgroup2-mount-hierarchy-rw",
  "cgroup2-mount-hierarchy-rw.crio.io",
  "io.kubernetes.cri-o.umask",
  "umask.crio.io",
  "io.kubernetes.cri-o.DisableFIPS",
  "disable-fips.crio.io",
  "io.kubernetes.cri-o.TrySkipVolumeSELinuxLabel",
  "try-skip-volume-selinux-label.crio.io",
  "io.kubernetes.cri-o.seccompNotifierAction",
  "seccomp-notifier-action.crio.io",
  "seccomp-profile.kubernetes.cri-o.io",
  "seccomp-profile.crio.io",
  "cpu-load-balancing.crio.io",
  "cpu-quota.crio.io",
  "irq-load-balancing.crio.io",
  "cpu-c-states.crio.io",
  "cpu-freq-governor.crio.io",
  "cpu-shared.crio.io",
];
