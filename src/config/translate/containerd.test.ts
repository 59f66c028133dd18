import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { buildConfig } from "../load.ts";
import { ConfigError, settingsOf } from "../settings.ts";
import { translateContainerd } from "./containerd.ts";
import { renderTranslation } from "./render.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-from-containerd-"));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(toml: string, name = `${++files}.toml`): string {
  const file = join(folder, name);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, toml);
  return file;
}

/** The configuration that the daemon makes of a translation, which it must load without a warning. */
function loaded(file: string) {
  const translation = translateContainerd(file);
  const settings = settingsOf("translated", renderTranslation(translation, file, ["advice"]));
  assert.deepEqual(settings.warnings, []);
  const told = translation.remarks.filter(({ kind }) => kind !== "ignored");
  return { translation, told, config: buildConfig(settings, true) };
}

const cri2 = 'plugins."io.containerd.grpc.v1.cri"';
const images3 = "plugins.'io.containerd.cri.v1.images'";
const runtime3 = "plugins.'io.containerd.cri.v1.runtime'";

describe("from containerd", () => {
  /** The same node in the words of each version. */
  const versions = {
    1: `
[plugins.cri]
sandbox_image = "example.org/pause:1"
stream_server_address = "10.0.0.1"
enable_unprivileged_ports = true
[plugins.cri.cni]
bin_dir = "/opt/other"
[plugins.cri.containerd]
default_runtime_name = "crun"
[plugins.cri.containerd.runtimes.crun]
runtime_type = "io.containerd.runc.v2"
privileged_without_host_devices = true
[plugins.cri.containerd.runtimes.crun.options]
BinaryName = "/opt/crun"
SystemdCgroup = true
[plugins.cri.registry]
config_path = "/etc/containerd/certs.d"
[metrics]
address = "127.0.0.1:1338"
[debug]
level = "debug"
`,
    2: `
version = 2
[${cri2}]
sandbox_image = "example.org/pause:1"
stream_server_address = "10.0.0.1"
enable_unprivileged_ports = true
[${cri2}.cni]
bin_dir = "/opt/other"
[${cri2}.containerd]
default_runtime_name = "crun"
[${cri2}.containerd.runtimes.crun]
runtime_type = "io.containerd.runc.v2"
privileged_without_host_devices = true
[${cri2}.containerd.runtimes.crun.options]
BinaryName = "/opt/crun"
SystemdCgroup = true
[${cri2}.registry]
config_path = "/etc/containerd/certs.d"
[metrics]
address = "127.0.0.1:1338"
[debug]
level = "debug"
`,
    3: `
version = 3
[${images3}]
pinned_images = { sandbox = "example.org/pause:1" }
registry.config_path = "/etc/containerd/certs.d"
[${cri2}]
stream_server_address = "10.0.0.1"
[${runtime3}]
enable_unprivileged_icmp = false
[${runtime3}.cni]
bin_dirs = ["/opt/other"]
[${runtime3}.containerd]
default_runtime_name = "crun"
[${runtime3}.containerd.runtimes.crun]
runtime_type = "io.containerd.runc.v2"
privileged_without_host_devices = true
[${runtime3}.containerd.runtimes.crun.options]
BinaryName = "/opt/crun"
SystemdCgroup = true
[metrics]
address = "127.0.0.1:1338"
[debug]
level = "debug"
`,
    4: `
version = 4
[debug]
level = "debug"
[plugins.'io.containerd.server.v1.metrics']
address = "127.0.0.1:1338"
[plugins.'io.containerd.transfer.v1.local']
config_path = "/etc/containerd/certs.d"
[${images3}.pinned_images]
sandbox = "example.org/pause:1"
[${cri2}]
stream_server_address = "10.0.0.1"
[${runtime3}]
enable_unprivileged_icmp = false
[${runtime3}.cni]
bin_dir = "/opt/other"
[${runtime3}.containerd]
default_runtime_name = "crun"
[${runtime3}.containerd.runtimes.crun]
runtime_type = "io.containerd.runc.v2"
privileged_without_host_devices = true
[${runtime3}.containerd.runtimes.crun.options]
BinaryName = "/opt/crun"
SystemdCgroup = true
`,
  };

  for (const [version, toml] of Object.entries(versions)) {
    it(`reads a file of version ${version}`, () => {
      const { config } = loaded(fileOf(toml));
      assert.equal(config.image.pauseImage, "example.org/pause:1");
      assert.deepEqual(config.image.registryCertsDirs, ["/etc/containerd/certs.d"]);
      assert.equal(config.api.streamAddress, "10.0.0.1");
      assert.deepEqual(config.network.pluginDirs, ["/opt/other"]);
      assert.equal(config.runtime.defaultRuntime, "crun");
      assert.equal(config.runtime.cgroupManager, "systemd");
      assert.equal(config.runtime.logLevel, "debug");
      assert.deepEqual(config.runtime.defaultSysctls, { "net.ipv4.ip_unprivileged_port_start": "0" });
      assert.deepEqual(Object.keys(config.runtime.runtimes), ["crun"]);
      assert.partialDeepStrictEqual(config.runtime.runtimes.crun, {
        runtimePath: "/opt/crun",
        privilegedWithoutHostDevices: true,
      });
      assert.partialDeepStrictEqual(config.metrics, { enableMetrics: true, metricsPort: 1338 });
    });
  }

  it("gives pods what containerd gives them without being asked", () => {
    const { config, told } = loaded(fileOf("version = 3\n"));
    assert.ok(config.runtime.defaultCapabilities.includes("NET_RAW"));
    assert.equal(config.runtime.defaultCapabilities.length, 14);
    assert.deepEqual(config.runtime.defaultSysctls, {
      "net.ipv4.ip_unprivileged_port_start": "0",
      "net.ipv4.ping_group_range": "0 65535",
    });
    assert.equal(config.runtime.cgroupManager, "cgroupfs");
    assert.equal(config.runtime.defaultRuntime, "runc");
    assert.deepEqual(config.runtime.hooksDir, []);
    assert.equal(config.image.imageVolumes, "bind");
    assert.equal(config.image.pullProgressTimeout, 300_000);
    assert.deepEqual(
      told.map(({ setting }) => setting),
      ["enable_unprivileged_icmp"],
    );
  });

  it("says where the file leaves open which containerd it is for", () => {
    const { told, config } = loaded(fileOf("version = 2\n"));
    assert.deepEqual(config.runtime.defaultSysctls, {});
    assert.match(told[0]!.text, /on in containerd 2 and off in containerd 1/);
    const { told: decided } = loaded(
      fileOf(`version = 2\n[${cri2}]\nenable_unprivileged_ports = false\nenable_unprivileged_icmp = false\n`),
    );
    assert.deepEqual(decided, []);
  });

  it("lays imports over the file, by pattern and by path, each once", () => {
    const main = fileOf(
      `version = 2\nimports = ["conf.d/*.toml", "${folder}/more.toml"]\n[${cri2}]\nsandbox_image = "a/b:1"\nenable_selinux = true\n`,
      "import/config.toml",
    );
    fileOf(`[${cri2}]\nsandbox_image = "a/b:3"\n`, "import/conf.d/20.toml");
    fileOf(`version = 2\n[${cri2}]\nsandbox_image = "a/b:2"\n`, "import/conf.d/10.toml");
    fileOf(`imports = ["import/config.toml"]\n[debug]\nlevel = "warn"\n`, "more.toml");
    const { config, told } = loaded(main);
    assert.equal(config.image.pauseImage, "a/b:3");
    assert.equal(config.runtime.selinux, true);
    assert.equal(config.runtime.logLevel, "warn");
    const split = told.filter(({ text }) => text.startsWith("an earlier file has this plugin too"));
    assert.deepEqual(
      split.map(({ place }) => place.replace(`${folder}/`, "")),
      ["import/conf.d/10.toml:2", "import/conf.d/20.toml:1"],
    );
  });

  it("leaves out the handlers of shims, and what is theirs", () => {
    const { config, told } = loaded(
      fileOf(`
version = 3
[${runtime3}.containerd]
default_runtime_name = "kata"
[${runtime3}.containerd.runtimes.kata]
runtime_type = "io.containerd.kata.v2"
privileged_without_host_devices = true
[${runtime3}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
pod_annotations = ["a.org/*", "b", "*.c"]
[${runtime3}.containerd.runtimes.runc.options]
SystemdCgroup = true
[${runtime3}.containerd.runtimes.other]
runtime_type = "io.containerd.runc.v2"
options = { BinaryName = "/opt/other", NoNewKeyring = true }
`),
    );
    assert.deepEqual(Object.keys(config.runtime.runtimes), ["runc", "other"]);
    assert.equal(config.runtime.defaultRuntime, "runc");
    assert.equal(config.runtime.cgroupManager, "systemd");
    assert.deepEqual(config.runtime.runtimes.runc?.allowedAnnotations, ["a.org/", "b"]);
    const settings = told.map(
      ({ kind, setting }) => `${kind} ${setting.replace(/^.*containerd\.runtimes\./, "")}`,
    );
    assert.deepEqual(settings, [
      'none kata.runtime_type = "io.containerd.kata.v2"',
      'none runc.pod_annotations = ["a.org/*","b","*.c"]',
      'changed default_runtime_name = "kata"',
      "none other.options.NoNewKeyring = true",
      "changed enable_unprivileged_icmp",
    ]);
  });

  it("takes runtimes as they stood outside their table at first", () => {
    const { config } = loaded(
      fileOf(`
[plugins.cri]
systemd_cgroup = true
[plugins.cri.containerd.default_runtime]
runtime_type = "io.containerd.runtime.v1.linux"
runtime_engine = "/opt/first"
[plugins.cri.containerd.untrusted_workload_runtime]
runtime_type = ""
`),
    );
    assert.deepEqual(Object.keys(config.runtime.runtimes), ["default"]);
    assert.equal(config.runtime.defaultRuntime, "default");
    assert.equal(config.runtime.runtimes.default?.runtimePath, "/opt/first");
    assert.equal(config.runtime.cgroupManager, "systemd");
  });

  it("takes limits and capabilities of the base specification of the default handler", () => {
    const rlimits = `[{ "type": "RLIMIT_NOFILE", "soft": 1024, "hard": 18446744073709551615 }]`;
    const spec = fileOf(
      `{ "process": { "rlimits": ${rlimits}, "capabilities": { "bounding": ["CAP_CHOWN"] } } }`,
      "base.json",
    );
    const file = fileOf(`
version = 2
[${cri2}]
enable_unprivileged_ports = false
enable_unprivileged_icmp = false
[${cri2}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
base_runtime_spec = "${spec}"
[${cri2}.containerd.runtimes.other]
runtime_type = "io.containerd.runc.v2"
base_runtime_spec = "/absent.json"
options.BinaryName = "/opt/other"
`);
    const { config, told } = loaded(file);
    assert.deepEqual(config.runtime.defaultUlimits, [{ name: "nofile", soft: 1024, hard: -1 }]);
    assert.deepEqual(config.runtime.defaultCapabilities, ["CHOWN"]);
    assert.deepEqual(
      told.map(({ kind, place }) => [kind, place]),
      [
        ["changed", `${file}:8`],
        ["none", `${file}:11`],
      ],
    );
  });

  it("turns TLS on for streams only with a certificate", () => {
    const tls = (pair: string) =>
      loaded(
        fileOf(
          `version = 3\n[${cri2}]\nenable_tls_streaming = true\n[${cri2}.x509_key_pair_streaming]\n${pair}`,
        ),
      );
    const { config } = tls('tls_cert_file = "/c.pem"\ntls_key_file = "/k.pem"\n');
    assert.partialDeepStrictEqual(config.api, { streamEnableTls: true, streamTlsCert: "/c.pem" });
    const { config: without, told } = tls("");
    assert.equal(without.api.streamEnableTls, false);
    assert.match(told[0]!.text, /critter makes no certificate/);
  });

  it("sends traces where the collector takes gRPC", () => {
    const traces = (protocol: string) =>
      loaded(
        fileOf(`version = 3
[plugins.'io.containerd.tracing.processor.v1.otlp']
endpoint = "http://127.0.0.1:4317"
protocol = "${protocol}"
[plugins.'io.containerd.internal.v1.tracing']
sampling_ratio = 0.25
`),
      );
    assert.deepEqual(traces("grpc").config.tracing, {
      enableTracing: true,
      tracingEndpoint: "127.0.0.1:4317",
      tracingSamplingRatePerMillion: 250_000,
    });
    assert.equal(traces("http/protobuf").config.tracing.enableTracing, false);
    assert.ok(traces("").told.some(({ text }) => text.includes("gRPC alone")));
  });

  it("knows every key that containerd's CRI has", () => {
    const keys = {
      [images3]: `snapshotter disable_snapshot_annotations discard_unpacked_layers max_concurrent_downloads
        concurrent_layer_fetch_buffer image_pull_progress_timeout image_pull_with_sync_fs stats_collect_period
        use_local_image_pull pinned_images.sandbox registry.config_path image_decryption.key_model
        runtime_platforms.x.platform`,
      [runtime3]: `enable_selinux selinux_category_range max_container_log_line_size disable_cgroup disable_apparmor
        restrict_oom_score_adj disable_proc_mount unset_seccomp_profile tolerate_missing_hugetlb_controller
        disable_hugetlb_controller device_ownership_from_security_context ignore_image_defined_volumes
        netns_mounts_under_state_dir enable_unprivileged_ports enable_unprivileged_icmp enable_cdi cdi_spec_dirs
        drain_exec_sync_io_timeout ignore_deprecation_warnings stats_retention_period cni.bin_dir cni.bin_dirs
        cni.conf_dir cni.max_conf_num cni.setup_serially cni.conf_template cni.ip_pref cni.use_internal_loopback
        containerd.default_runtime_name containerd.ignore_blockio_not_enabled_errors
        containerd.ignore_rdt_not_enabled_errors`,
      [`${runtime3}.containerd.runtimes.x`]: `runtime_path pod_annotations container_annotations
        privileged_without_host_devices privileged_without_host_devices_all_devices_allowed cgroup_writable
        base_runtime_spec cni_conf_dir cni_max_conf_num snapshotter sandboxer io_type options.BinaryName
        options.CriuImagePath options.CriuWorkPath options.IoGid options.NoNewKeyring options.Root
        options.ShimCgroup options.SystemdCgroup`,
      [cri2]: `disable_tcp_service stream_server_address stream_server_port stream_idle_timeout enable_tls_streaming
        x509_key_pair_streaming.tls_cert_file x509_key_pair_streaming.tls_key_file`,
    };
    const lines = Object.entries(keys).flatMap(([table, names]) =>
      names.split(/\s+/).map((name) => `${table}.${name} = -7`),
    );
    const { remarks } = loaded(fileOf(`version = 4\n${lines.join("\n")}\n`)).translation;
    const unknown = remarks.filter(({ text }) => /neither critter nor|handlers have no such key/.test(text));
    assert.deepEqual(unknown, []);
  });

  it("says what containerd itself takes no notice of", () => {
    const { config, translation } = loaded(fileOf(`version = 3\n[${cri2}]\nsandbox_image = "a/b:1"\n`));
    assert.notEqual(config.image.pauseImage, "a/b:1");
    assert.match(translation.remarks[0]!.text, /does not read it in this table since version 3/);
  });

  it("tells apart what is lost, what is not missed and what asks for nothing", () => {
    const { translation } = loaded(
      fileOf(`
version = 4
disabled_plugins = ["io.containerd.grpc.v1.cri"]
oom_score = -999
no_such = 1
[${runtime3}]
enable_cdi = false
max_container_log_line_size = 16384
unset_seccomp_profile = "runtime/default"
enable_unprivileged_ports = false
enable_unprivileged_icmp = false
[${runtime3}.cni]
conf_template = "/etc/cni.template"
[plugins.'io.containerd.gc.v1.scheduler']
pause_threshold = 0.02
`),
    );
    const told = translation.remarks.map(({ kind, setting }) => `${kind} ${setting.split(" = ")[0]}`);
    assert.deepEqual(
      told.map((line) => line.replace('"io.containerd.cri.v1.runtime"', "runtime")),
      [
        "changed disabled_plugins",
        "changed oom_score",
        "none no_such",
        "none plugins.runtime.unset_seccomp_profile",
        "none plugins.runtime.cni.conf_template",
        'ignored plugins."io.containerd.gc.v1.scheduler".pause_threshold',
      ],
    );
    assert.equal(translation.idle, 1);
    assert.deepEqual(translation.taken.get("crio.runtime.cdi_spec_dirs")?.toml, []);
  });

  it("refuses what is no config.toml, and versions that are not known", () => {
    const refused = (file: string, message: RegExp) =>
      assert.throws(
        () => translateContainerd(file),
        (error) => error instanceof ConfigError && message.test(error.message),
      );
    refused(
      fileOf("version = 5\n"),
      /:1: version is 5, it must be a version of containerd's config\.toml from 1 to 4/,
    );
    refused(fileOf('version = "2"\n'), /version is "2"/);
    refused(fileOf("[crio.runtime]\n"), /this is CRI-O's \(--from-crio\)/);
    refused(fileOf("version = \n"), /not TOML/);
    refused(join(folder, "absent"), /cannot be read: ENOENT/);
    refused(fileOf('imports = ["absent.toml"]\n'), /cannot be read: ENOENT/);
    refused(fileOf("imports = 1\n"), /imports must be a list of paths/);
    fileOf("version = 3\n", "newer.toml");
    refused(fileOf('version = 2\nimports = ["newer.toml"]\n'), /version is 3, it must not be above 2/);
  });
});
