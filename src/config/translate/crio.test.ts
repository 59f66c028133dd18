import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { buildConfig } from "../load.ts";
import { ConfigError, settingsOf } from "../settings.ts";
import { translateCrio } from "./crio.ts";
import { departures } from "./crio-keys.ts";
import { renderTranslation, reportOf } from "./render.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-from-crio-"));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(toml: string): string {
  const file = join(folder, `${++files}.conf`);
  writeFileSync(file, toml);
  return file;
}

/** The configuration that the daemon makes of a translation, which it must load without a warning. */
function loaded(...paths: string[]) {
  const translation = translateCrio(paths);
  const settings = settingsOf("translated", renderTranslation(translation, "there", ["advice"]));
  assert.deepEqual(settings.warnings, []);
  return { translation, config: buildConfig(settings, true) };
}

/** Every key of crio.conf(5) of CRI-O 1.36 by table; those of a runtime's table below `runtimes.crun`. */
const keysOfCrio = {
  crio: `root runroot imagestore storage_driver storage_option log_dir version_file version_file_persist
    clean_shutdown_file internal_wipe internal_repair`,
  "crio.api": `grpc_max_send_msg_size grpc_max_recv_msg_size listen stream_address stream_port stream_enable_tls
    stream_tls_cert stream_tls_key stream_tls_ca stream_idle_timeout tls_min_version tls_cipher_suites`,
  "crio.runtime": `no_pivot selinux log_to_journald drop_infra_ctr read_only conmon_env hooks_dir default_capabilities
    add_inheritable_capabilities default_env default_sysctls default_ulimits allowed_devices additional_devices
    cdi_spec_dirs device_ownership_from_security_context default_runtime decryption_keys_path conmon conmon_cgroup
    seccomp_profile privileged_seccomp_profile apparmor_profile blockio_config_file blockio_reload
    irqbalance_config_file rdt_config_file cgroup_manager default_mounts_file container_exits_dir
    container_attach_socket_dir bind_mount_prefix uid_mappings minimum_mappable_uid gid_mappings
    minimum_mappable_gid log_level log_filter namespaces_dir pinns_path enable_criu_support pids_limit log_size_max
    ctr_stop_timeout separate_pull_cgroup infra_ctr_cpuset shared_cpuset absent_mount_sources_to_reject
    enable_pod_events irqbalance_config_restore_file hostnetwork_disable_selinux disable_hostport_mapping timezone`,
  "crio.runtime.runtimes.crun": `runtime_config_path runtime_path runtime_type runtime_root
    privileged_without_host_devices allowed_annotations monitor_path monitor_cgroup monitor_env monitor_exec_cgroup
    platform_runtime_paths runtime_pull_image container_min_memory no_sync_log inherit_default_runtime
    default_annotations stream_websockets exec_cpu_affinity seccomp_profile container_create_timeout`,
  "crio.image": `default_transport global_auth_file namespaced_auth_dir pause_image pause_image_auth_file pause_command
    pinned_images signature_policy signature_policy_dir insecure_registries image_volumes big_files_temporary_dir
    auto_reload_registries pull_progress_timeout oci_artifact_mount_support short_name_mode`,
  "crio.network": "cni_default_network network_dir plugin_dir plugin_dirs",
  "crio.metrics": `enable_metrics metrics_collectors metrics_host metrics_port metrics_socket metrics_cert
    metrics_key`,
  "crio.tracing": "enable_tracing tracing_endpoint tracing_sampling_rate_per_million",
  "crio.stats": "stats_collection_period collection_period included_pod_metrics",
  "crio.nri": `enable_nri nri_listen nri_plugin_dir nri_plugin_config_dir nri_plugin_registration_timeout
    nri_plugin_request_timeout nri_disable_connections`,
};

describe("from CRI-O", () => {
  it("takes what means the same, with the line it is from", () => {
    const file = fileOf(`
[crio.runtime]
default_runtime = "runc"
log_level = "debug"
default_ulimits = ["nofile=1024:2048"]
pids_limit = 0
[crio.runtime.runtimes.runc]
runtime_path = "/usr/sbin/runc"
monitor_cgroup = ""
container_create_timeout = 1
[crio.runtime.runtimes.runc.default_annotations]
"example.org/class" = "high"
[crio.image]
pause_image = "example.org/pause:1"
pull_progress_timeout = 10000000000
[crio.network]
plugin_dir = "/opt/other"
`);
    const { config, translation } = loaded(file);
    assert.equal(config.runtime.logLevel, "debug");
    assert.equal(config.runtime.pidsLimit, -1);
    assert.deepEqual(config.runtime.defaultUlimits, [{ name: "nofile", soft: 1024, hard: 2048 }]);
    assert.partialDeepStrictEqual(config.runtime.runtimes.runc, {
      runtimePath: "/usr/sbin/runc",
      monitorCgroup: "system.slice",
      containerCreateTimeout: 30,
      defaultAnnotations: { "example.org/class": "high" },
    });
    assert.equal(config.image.pauseImage, "example.org/pause:1");
    assert.equal(config.image.pullProgressTimeout, 10_000);
    assert.deepEqual(config.network.pluginDirs, ["/opt/cni/bin", "/opt/other"]);
    assert.deepEqual(translation.remarks, []);
    assert.match(
      renderTranslation(translation, "there", []),
      new RegExp(`^# ${file}:4: crio\\.runtime\\.log_level\nlog_level = "debug"$`, "m"),
    );
  });

  it("gives an empty configuration the defaults of CRI-O, where they are others", () => {
    const { config } = loaded(fileOf("# nothing\n"));
    assert.equal(config.runtime.defaultRuntime, "crun");
    assert.equal(config.runtime.dropInfraCtr, true);
    assert.equal(config.image.shortNameMode, "enforcing");
    assert.deepEqual(config.runtime.hooksDir, ["/usr/share/containers/oci/hooks.d"]);
    assert.deepEqual(config.runtime.runtimes.crun?.allowedAnnotations, [
      "io.containers.trace-syscall",
      "io.kubernetes.cri-o.Devices",
    ]);
  });

  it("lays drop-ins over the file, a runtime's table as a whole", () => {
    const file = fileOf(
      '[crio.runtime]\npids_limit = 5\ndefault_runtime = "crun"\n[crio.runtime.runtimes.crun]\nmonitor_path = "/x/conmon"\n',
    );
    const dropIns = join(folder, "drop-ins");
    mkdirSync(join(dropIns, "deeper"), { recursive: true });
    writeFileSync(join(dropIns, "20-b.conf"), "crio.runtime.pids_limit = 7\n");
    writeFileSync(join(dropIns, "10-a"), "crio.runtime.pids_limit = 6\n");
    writeFileSync(
      join(dropIns, "deeper", "99.conf"),
      '[crio.runtime.runtimes.crun]\nruntime_path = "/y/crun"\n',
    );
    const { config, translation } = loaded(file, dropIns);
    assert.equal(config.runtime.pidsLimit, 7);
    assert.equal(config.runtime.runtimes.crun?.runtimePath, "/y/crun");
    assert.notEqual(config.runtime.runtimes.crun?.monitorPath, "/x/conmon");
    assert.deepEqual(translation.remarks, [
      {
        kind: "ignored",
        place: `${file}:5`,
        setting: 'crio.runtime.runtimes.crun.monitor_path = "/x/conmon"',
        text: `${join(dropIns, "deeper", "99.conf")}:1 has the whole table anew, and CRI-O takes that alone`,
      },
    ]);
  });

  it("says of programs and files of CRI-O's package that they go with it", () => {
    const { translation } = loaded(
      fileOf(
        '[crio.runtime]\nconmon = "/usr/bin/conmon"\n[crio.runtime.runtimes.runc]\nruntime_path = "/usr/libexec/crio/runc"\n[crio.image]\nsignature_policy = "/etc/crio/policy.json"\n',
      ),
    );
    const going = translation.remarks.filter(({ text }) => text.includes("CRI-O's package"));
    assert.deepEqual(
      going.map(({ setting }) => setting.split(" ")[0]),
      ["crio.runtime.runtimes.runc.runtime_path", "crio.image.signature_policy"],
    );
  });

  it("says where CRI-O has drop-ins that were not named", () => {
    const file = fileOf("[crio.runtime]\npids_limit = 5\n");
    mkdirSync(`${file}.d`);
    writeFileSync(`${file}.d/10.conf`, "[crio.runtime]\npids_limit = 6\n");
    const { config, translation } = loaded(file);
    assert.equal(config.runtime.pidsLimit, 5);
    assert.ok(translation.remarks.some(({ setting }) => setting === `${file}.d`));
    const { config: both, translation: complete } = loaded(file, `${file}.d`);
    assert.equal(both.runtime.pidsLimit, 6);
    assert.ok(!complete.remarks.some(({ setting }) => setting === `${file}.d`));
  });

  it("remarks on every key that critter lacks, once it asks for something", () => {
    const names = Object.keys(departures).map((name) => name.replace("*", "crun"));
    const lines = names.filter((name) => !/workloads|default_validator/.test(name));
    const asking = fileOf(
      `${lines.map((name) => `${name} = "something"`).join("\n")}
[crio.runtime.workloads.management]
activation_annotation = "a"
[crio.nri.default_validator]
nri_enable_default_validator = true
`,
    );
    const { remarks } = loaded(asking).translation;
    assert.deepEqual(remarks.map(({ setting }) => setting.replace(/ = .*/, "")).sort(), names.sort());
    for (const { place, text } of remarks) {
      assert.match(place, new RegExp(`^${asking}:\\d+$`));
      assert.ok(text.length > 10);
    }
    const idle = fileOf(lines.map((name) => `${name} = ""`).join("\n"));
    const silent = loaded(idle).translation;
    assert.deepEqual(silent.remarks, []);
    assert.equal(silent.idle, lines.length);
  });

  it("knows every key that CRI-O has", () => {
    const lines = Object.entries(keysOfCrio).flatMap(([table, keys]) =>
      keys.split(/\s+/).map((key) => (key === "runtime_type" ? "" : `${table}.${key} = -7`)),
    );
    const { remarks } = loaded(fileOf(lines.join("\n"))).translation;
    const unknown = remarks.filter(({ text }) => text.includes("neither critter nor CRI-O"));
    assert.deepEqual(unknown, []);
  });

  it("leaves out the handlers that it cannot drive, and says so of the default one", () => {
    const { config, translation } = loaded(
      fileOf(
        '[crio.runtime]\ndefault_runtime = "kata"\n[crio.runtime.runtimes.kata]\nruntime_type = "vm"\nruntime_path = "/k"\n',
      ),
    );
    assert.equal(config.runtime.defaultRuntime, "runc");
    assert.equal(config.runtime.runtimes.kata, undefined);
    const kinds = translation.remarks.map(({ kind, setting }) => [kind, setting]);
    assert.deepEqual(kinds, [
      ["none", 'crio.runtime.runtimes.kata.runtime_type = "vm"'],
      ["changed", 'default_runtime = "kata"'],
    ]);
  });

  it("remarks on values that critter refuses, keys that nobody knows, and annotations that do nothing", () => {
    const { translation } = loaded(
      fileOf(`
[crio.api]
tls_min_version = "VersionTLS10"
[crio.runtime]
pids = 1
default_runtime = "crun"
apparmor_profile = "crio-default-1.30"
seccomp_profile = "/etc/seccomp.json"
[crio.runtime.runtimes.crun]
allowed_annotations = ["io.kubernetes.cri-o.UnifiedCgroup", "io.kubernetes.cri-o.Devices"]
`),
    );
    const report = reportOf(translation).replaceAll(`${folder}/${files}.conf`, "F");
    assert.equal(
      report,
      [
        'no equivalent: F:3: crio.api.tls_min_version = "VersionTLS10": critter\'s crio.api.tls_min_version must be one of "VersionTLS12", "VersionTLS13"; it is left at its default',
        "no equivalent: F:5: crio.runtime.pids = 1: neither critter nor CRI-O's crio.conf(5) knows the key",
        'no equivalent: F:10: crio.runtime.runtimes.crun.allowed_annotations = ["io.kubernetes.cri-o.UnifiedCgroup","io.kubernetes.cri-o.De…: critter does nothing at "io.kubernetes.cri-o.UnifiedCgroup"; the runtime sees it, and that is all',
        'changed: F:8: crio.runtime.seccomp_profile = "/etc/seccomp.json": where the file is absent, CRI-O takes its own profile and critter refuses the container',
        "7 keys set, 1 changed, 3 without equivalent, 1 ignored, as nothing is lost without them",
        "",
      ].join("\n"),
    );
  });

  it("refuses what is no crio.conf", () => {
    const refused = (message: RegExp, ...paths: string[]) =>
      assert.throws(
        () => translateCrio(paths),
        (error) => error instanceof ConfigError && message.test(error.message),
      );
    refused(/there is no table crio: this is not a crio\.conf/, fileOf('version = 2\nroot = "/x"\n'));
    refused(/:2:\d+: not TOML: /, fileOf("[crio]\nroot\n"));
    refused(/cannot be read: ENOENT/, join(folder, "absent"));
  });
});
