/** Keys of CRI-O's crio.conf(5) that critter lacks, or that must not be taken as they are. The others mean the same. */
import type { TomlValue } from "smol-toml";
import type { RemarkKind } from "./translation.ts";

export interface Departure {
  kind: RemarkKind;
  /** Values that ask for nothing which critter does not do, besides those that are empty. */
  idle?: readonly TomlValue[];
  /** What happens instead. */
  text: string;
}

const own = "critter keeps a folder of its own beside CRI-O's";
const nri = "critter has no NRI: its plugins are not called";
const partitioning = "critter leaves processors to the kubelet's CPU manager";

/** Keys and whole tables by full name; those of a runtime's table below `runtimes.*`. */
export const departures: Readonly<Record<string, Departure>> = {
  "crio.root": {
    kind: "changed",
    text: `${own}, /var/lib/critter unless root says otherwise; images are pulled anew`,
  },
  "crio.runroot": { kind: "changed", text: `${own}, /run/critter unless runroot says otherwise` },
  "crio.imagestore": { kind: "none", text: "images are kept in root; mount another disk there" },
  "crio.storage_driver": { kind: "none", idle: ["overlay"], text: "critter stores by overlay, always" },
  "crio.storage_option": { kind: "none", text: "critter's storage has no options" },
  "crio.log_dir": {
    kind: "ignored",
    text: "the kubelet says for each pod where its logs are",
  },
  "crio.version_file": { kind: "ignored", text: "critter's database knows the boot it is of" },
  "crio.version_file_persist": {
    kind: "ignored",
    text: "critter's database knows the version it is of",
  },
  "crio.clean_shutdown_file": {
    kind: "ignored",
    text: "critter's database survives a crash by itself",
  },
  "crio.internal_wipe": {
    kind: "ignored",
    text: "after a reboot critter removes the pods by itself, and keeps images",
  },
  "crio.internal_repair": {
    kind: "ignored",
    text: "images count once they are on disk; critter check --repair is there for the rest",
  },
  "crio.file_locking": { kind: "ignored", text: "CRI-O has given it up, too" },
  "crio.file_locking_path": { kind: "ignored", text: "CRI-O has given it up, too" },

  "crio.api.listen": {
    kind: "changed",
    text: "critter listens on /run/critter/critter.sock; tell the kubelet and crictl",
  },
  "crio.api.host_ip": { kind: "ignored", text: "CRI-O has given it up, too" },

  "crio.runtime.no_pivot": {
    kind: "none",
    text: "the runtime uses pivot_root: the node's root cannot be a ramdisk",
  },
  "crio.runtime.log_to_journald": {
    kind: "none",
    text: "conmon writes the file that the kubelet reads, nothing else",
  },
  "crio.runtime.decryption_keys_path": {
    kind: "none",
    idle: ["/etc/crio/keys/"],
    text: "encrypted images cannot be pulled",
  },
  "crio.runtime.irqbalance_config_file": {
    kind: "none",
    idle: ["/etc/sysconfig/irqbalance"],
    text: "critter does not steer interrupts",
  },
  "crio.runtime.irqbalance_config_restore_file": {
    kind: "none",
    idle: ["/etc/sysconfig/orig_irq_banned_cpus", "disable"],
    text: "critter does not steer interrupts",
  },
  "crio.runtime.rdt_config_file": {
    kind: "none",
    text: "critter has no classes of RDT: caches and bandwidth are shared",
  },
  "crio.runtime.container_exits_dir": { kind: "ignored", text: `${own}, in runroot` },
  "crio.runtime.container_attach_socket_dir": { kind: "ignored", text: `${own}, in runroot` },
  "crio.runtime.bind_mount_prefix": {
    kind: "none",
    text: "mounts come from the paths that the kubelet names",
  },
  "crio.runtime.uid_mappings": {
    kind: "none",
    text: "a pod asks for a user namespace (hostUsers: false), and the kubelet chooses the IDs",
  },
  "crio.runtime.gid_mappings": {
    kind: "none",
    text: "a pod asks for a user namespace (hostUsers: false), and the kubelet chooses the IDs",
  },
  "crio.runtime.minimum_mappable_uid": {
    kind: "none",
    idle: [-1],
    text: "the kubelet chooses the IDs of user namespaces",
  },
  "crio.runtime.minimum_mappable_gid": {
    kind: "none",
    idle: [-1],
    text: "the kubelet chooses the IDs of user namespaces",
  },
  "crio.runtime.log_filter": { kind: "none", text: "log_level chooses among the lines of the log" },
  "crio.runtime.pinns_path": { kind: "ignored", text: "critter makes namespaces without a program" },
  "crio.runtime.enable_criu_support": {
    kind: "none",
    text: "checkpoints are not there: CheckpointContainer answers UNIMPLEMENTED",
  },
  "crio.runtime.ctr_stop_timeout": {
    kind: "ignored",
    text: "a stop takes the grace period that the kubelet gives",
  },
  "crio.runtime.separate_pull_cgroup": { kind: "none", text: "images are pulled in the daemon's cgroup" },
  "crio.runtime.infra_ctr_cpuset": { kind: "none", text: partitioning },
  "crio.runtime.shared_cpuset": { kind: "none", text: partitioning },
  "crio.runtime.disable_hostport_mapping": {
    kind: "none",
    text: "host ports are made where the CNI configuration has portmap: take it out there",
  },
  "crio.runtime.timezone": {
    kind: "none",
    text: "containers have the time zone of their image; default_env may set TZ",
  },
  "crio.runtime.default_mounts": {
    kind: "none",
    text: "write a line SRC:DST for each into the file of default_mounts_file",
  },
  "crio.runtime.workloads": { kind: "none", text: "annotations do not choose processors or shares" },
  "crio.runtime.manage_ns_lifecycle": { kind: "ignored", text: "CRI-O has given it up, too" },
  "crio.runtime.manage_network_ns_lifecycle": { kind: "ignored", text: "CRI-O has given it up, too" },

  "crio.runtime.runtimes.*.runtime_root": {
    kind: "ignored",
    text: "critter keeps the runtime's state in runroot, apart from CRI-O's",
  },
  "crio.runtime.runtimes.*.runtime_config_path": {
    kind: "ignored",
    text: "it is for runtimes of the type vm",
  },
  "crio.runtime.runtimes.*.monitor_exec_cgroup": {
    kind: "none",
    text: "exec runs in the container's cgroup, and has no monitor",
  },
  "crio.runtime.runtimes.*.runtime_pull_image": {
    kind: "none",
    text: "critter pulls and mounts the images of all pods",
  },
  "crio.runtime.runtimes.*.stream_websockets": {
    kind: "ignored",
    text: "critter serves WebSocket and SPDY for every runtime",
  },
  "crio.runtime.runtimes.*.exec_cpu_affinity": { kind: "none", text: partitioning },

  "crio.image.default_transport": {
    kind: "none",
    idle: ["docker://"],
    text: "images come from registries, no other transport",
  },
  "crio.image.insecure_registries": {
    kind: "ignored",
    text: "CRI-O does not read it any more either: registries.conf has insecure = true",
  },
  "crio.image.registries": {
    kind: "ignored",
    text: "CRI-O does not read it any more either: registries.conf has unqualified-search-registries",
  },
  "crio.image.big_files_temporary_dir": {
    kind: "ignored",
    text: "layers are unpacked as they come, in root; nothing is kept elsewhere meanwhile",
  },
  "crio.image.auto_reload_registries": {
    kind: "ignored",
    text: "changes in registries.conf need no restart and no signal",
  },

  "crio.nri.enable_nri": { kind: "none", text: nri },
  "crio.nri.nri_listen": { kind: "ignored", text: nri },
  "crio.nri.nri_plugin_dir": { kind: "ignored", text: nri },
  "crio.nri.nri_plugin_config_dir": { kind: "ignored", text: nri },
  "crio.nri.nri_plugin_registration_timeout": { kind: "ignored", text: nri },
  "crio.nri.nri_plugin_request_timeout": { kind: "ignored", text: nri },
  "crio.nri.nri_disable_connections": { kind: "ignored", text: nri },
  "crio.nri.default_validator": { kind: "ignored", text: nri },
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
