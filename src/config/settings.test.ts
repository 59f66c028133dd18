import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { buildConfig } from "./load.ts";
import { ConfigError, readSettings } from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-config-"));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function configFile(toml: string, dropIns: Record<string, string> = {}): string {
  const file = join(folder, `crio-${++files}.conf`);
  writeFileSync(file, toml);
  for (const [name, content] of Object.entries(dropIns)) {
    mkdirSync(`${file}.d`, { recursive: true });
    writeFileSync(join(`${file}.d`, name), content);
  }
  return file;
}

function failure(toml: string): string {
  const file = configFile(toml);
  let message = "";
  assert.throws(
    () => buildConfig(readSettings(file), true),
    (error: Error) => {
      message = error.message;
      return error instanceof ConfigError;
    },
  );
  return message.replace(`${folder}/`, "");
}

function configOf(toml: string, systemd = true) {
  return buildConfig(readSettings(configFile(toml)), systemd);
}

describe("a configuration file", () => {
  it("gives every key a typed value, the rest by default", () => {
    const config = configOf(`
      [crio]
      runroot = "/run/other"
      [crio.runtime]
      default_runtime = "crun"
      default_capabilities = ["CAP_CHOWN", "net_raw"]
      default_sysctls = ["net.ipv4.ping_group_range=0 1000"]
      default_ulimits = ["nofile=1024:2048", "core=0"]
      log_level = "warning"
      [crio.runtime.runtimes.crun]
      runtime_path = "/opt/bin/crun"
      [crio.runtime.runtimes.strict]
      runtime_path = "/opt/bin/runc"
      monitor_cgroup = "pod"
    `);
    assert.deepEqual(config.runtime.defaultCapabilities, ["CHOWN", "NET_RAW"]);
    assert.deepEqual(config.runtime.defaultSysctls, { "net.ipv4.ping_group_range": "0 1000" });
    assert.deepEqual(config.runtime.defaultUlimits, [
      { name: "nofile", soft: 1024, hard: 2048 },
      { name: "core", soft: 0, hard: 0 },
    ]);
    assert.equal(config.runtime.logLevel, "warn");
    assert.deepEqual(Object.keys(config.runtime.runtimes), ["crun", "strict"]);
    assert.equal(config.runtime.runtimes.crun?.runtimePath, "/opt/bin/crun");
    assert.equal(config.runtime.runtimes.strict?.monitorCgroup, "pod");
    assert.equal(config.image.pauseImage, "registry.k8s.io/pause:3.10.1");
  });

  it("moves what is in runroot along with it", () => {
    const config = configOf('crio.runroot = "/run/other"');
    assert.equal(config.api.listen, "/run/other/critter.sock");
    assert.equal(config.runtime.containerExitsDir, "/run/other/exits");
    assert.equal(config.runtime.runtimes.runc?.runtimeRoot, "/run/other/runtimes/runc");
  });

  it("takes the cgroup manager from the machine unless told", () => {
    assert.equal(configOf("", true).runtime.cgroupManager, "systemd");
    assert.equal(configOf("", false).runtime.cgroupManager, "cgroupfs");
    assert.equal(configOf("", false).runtime.runtimes.runc?.monitorCgroup, "pod");
    const daemons = configOf('[crio.runtime.runtimes.runc]\nmonitor_cgroup = ""', false);
    assert.equal(daemons.runtime.runtimes.runc?.monitorCgroup, "");
    const told = configOf('crio.runtime.cgroup_manager = "systemd"', false);
    assert.equal(told.runtime.runtimes.runc?.monitorCgroup, "system.slice");
  });

  it("takes the tables of runtimes as CRI-O has them, old names of the monitor's keys included", () => {
    const { runtimes } = configOf(`
      [crio.runtime]
      cgroup_manager = "systemd"
      default_runtime = "crun"
      conmon = "/opt/bin/conmon"
      conmon_cgroup = "pod"
      conmon_env = ["A=1"]
      [crio.runtime.runtimes.crun]
      runtime_path = "/opt/bin/crun"
      runtime_type = ""
      allowed_annotations = ["io.containers.trace-syscall"]
      monitor_path = "/usr/bin/conmon"
      [crio.runtime.runtimes.crun.platform_runtime_paths]
      "wasi/wasm" = "/opt/bin/crun-wasm"
      [crio.runtime.runtimes.high]
      inherit_default_runtime = true
      container_min_memory = "20MiB"
      default_annotations = { "example.org/class" = "high" }
    `).runtime;
    const monitor = { monitorPath: "/opt/bin/conmon", monitorCgroup: "pod", monitorEnv: ["A=1"] };
    assert.partialDeepStrictEqual(runtimes.crun, {
      ...monitor,
      runtimeType: "oci",
      allowedAnnotations: ["io.containers.trace-syscall"],
      platformRuntimePaths: { "wasi/wasm": "/opt/bin/crun-wasm" },
      containerMinMemory: 500 * 2 ** 10,
    });
    assert.partialDeepStrictEqual(runtimes.high, {
      ...monitor,
      runtimePath: "/opt/bin/crun",
      runtimeRoot: runtimes.crun!.runtimeRoot,
      defaultAnnotations: { "example.org/class": "high" },
      containerMinMemory: 20 * 2 ** 20,
    });
  });

  it("takes CRI-O's default of monitor_cgroup for ours where there are no slices", () => {
    const { runtime } = configOf(
      '[crio.runtime]\ncgroup_manager = "cgroupfs"\nconmon_cgroup = "system.slice"',
    );
    assert.equal(runtime.runtimes.runc?.monitorCgroup, "pod");
  });

  it("takes the streaming server's keys as CRI-O has them", () => {
    const { api } = configOf(`
      [crio.api]
      stream_address = "::1"
      stream_port = "10010"
      stream_enable_tls = true
      stream_tls_cert = "/tls/tls.crt"
      stream_tls_key = "/tls/tls.key"
      stream_idle_timeout = "30s"
      tls_min_version = "VersionTLS13"
      tls_cipher_suites = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"]
    `);
    assert.equal(api.streamAddress, "::1");
    assert.equal(api.streamPort, 10010);
    assert.equal(api.streamIdleTimeout, 30_000);
    assert.equal(api.tlsMinVersion, "VersionTLS13");
    assert.deepEqual(api.tlsCipherSuites, ["ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"]);
    assert.equal(configOf("crio.api.stream_port = 10010").api.streamPort, 10010);
    const empty = configOf('[crio.api]\nstream_idle_timeout = ""\ntls_min_version = ""').api;
    assert.equal(empty.streamIdleTimeout, 4 * 60 * 60 * 1000);
    assert.equal(empty.tlsMinVersion, "VersionTLS12");
  });

  it("looks for a program whose path is empty", () => {
    const config = configOf(
      '[crio.runtime.runtimes.sh]\nruntime_path = ""\n[crio.runtime.runtimes.no-such-program]',
    );
    assert.match(config.runtime.runtimes.sh?.runtimePath ?? "", /^\/.*\/sh$/);
    assert.equal(config.runtime.runtimes["no-such-program"]?.runtimePath, "no-such-program");
  });

  it("is followed by its drop-ins in order of name", () => {
    const file = configFile('[crio.runtime]\npids_limit = 1\nlog_level = "debug"\n', {
      "20-more.conf": "[crio.runtime]\npids_limit = 20\n",
      "10-some.conf": "[crio.runtime]\npids_limit = 10\nread_only = true\n",
      "notes.txt": "not TOML",
    });
    const { runtime } = buildConfig(readSettings(file), true);
    assert.equal(runtime.pidsLimit, 20);
    assert.equal(runtime.readOnly, true);
    assert.equal(runtime.logLevel, "debug");
  });
});

describe("a wrong value", () => {
  for (const [toml, message] of [
    [
      '[crio.runtime]\n\npids_limit = "many"',
      /:3: crio\.runtime\.pids_limit is "many", it must be -1 or a number above 0/,
    ],
    [
      "[crio.runtime]\nlog_size_max = 100",
      /:2: crio\.runtime\.log_size_max is 100, it must be -1 or at least 8192/,
    ],
    ['[crio]\nroot = "var/lib"', /:2: crio\.root is "var\/lib", it must be an absolute path/],
    ['[crio.runtime]\nlog_level = "loud"', /log_level is "loud", it must be one of "trace", "debug"/],
    ['[crio.runtime]\nlog_level = "constructor"', /log_level is "constructor"/],
    ['[crio.runtime]\nread_only = "yes"', /read_only is "yes", it must be true or false/],
    [
      '[crio.image]\npinned_images = ["quay.io/*/app"]',
      /pinned_images is \["quay.io\/\*\/app"\], it must be a list of image names/,
    ],
    [
      '[crio.runtime]\ndefault_ulimits = ["nofile=5:4"]',
      /default_ulimits is \["nofile=5:4"\], it must be a list of "NAME=SOFT/,
    ],
    ['[crio.runtime]\ndefault_sysctls = ["a"]', /default_sysctls is \["a"\]/],
    [
      '[crio.network]\nplugin_dirs = ["/a", 3]',
      /plugin_dirs is \["\/a",3\], it must be a list of absolute paths/,
    ],
    [
      '[crio.runtime.runtimes.runc]\nruntime_type = "v2"',
      /:2: .*runtimes\.runc\.runtime_type is "v2", it must be one of "oci", "vm", "pod"/,
    ],
    [
      '[crio.runtime]\ncgroup_manager = "cgroupfs"\n[crio.runtime.runtimes.runc]\nmonitor_cgroup = "my.slice"',
      /:4: .*monitor_cgroup is "my.slice", it must be "pod" or empty with the cgroup manager "cgroupfs"/,
    ],
    [
      '[crio.runtime]\ncgroup_manager = "systemd"\nconmon_cgroup = "pods"',
      /:3: crio\.runtime\.conmon_cgroup is "pods", it must be a slice, "pod" or empty/,
    ],
    [
      '[crio.runtime.runtimes.runc]\ncontainer_min_memory = "much"',
      /container_min_memory is "much", it must be a size such as "12MiB"/,
    ],
    [
      '[crio.runtime.runtimes.runc.platform_runtime_paths]\n"wasi/wasm" = "crun-wasm"',
      /platform_runtime_paths is \{"wasi\/wasm":"crun-wasm"\}, it must be a table of/,
    ],
    [
      '[crio.api]\nstream_address = "localhost"',
      /:2: .*stream_address is "localhost", it must be an IP address/,
    ],
    ['[crio.api]\nstream_port = "70000"', /:2: .*stream_port is "70000", it must be a port from 0 to 65535/],
    [
      '[crio.api]\nstream_idle_timeout = "4 hours"',
      /stream_idle_timeout is "4 hours", it must be a duration such/,
    ],
    [
      '[crio.api]\ntls_min_version = "VersionTLS10"',
      /tls_min_version is "VersionTLS10", it must be one of "Ver/,
    ],
    [
      '[crio.api]\ntls_cipher_suites = ["RC4"]',
      /tls_cipher_suites is \["RC4"\], it must be a list of cipher/,
    ],
    [
      '[crio.api]\nstream_enable_tls = true\nstream_tls_cert = "/x"',
      /:2: crio\.api\.stream_tls_key is "", it must be the path of a PEM file, for stream_enable_tls is true/,
    ],
    ["[crio.runtime\nread_only = true", /\.conf:1:\d+: not TOML: /],
  ] as const) {
    it(`is an error with its line: ${toml.split("\n").at(-1)}`, () => {
      assert.match(failure(toml), message);
    });
  }

  it("and a file that is absent are errors; a default file may be absent", () => {
    const absent = join(folder, "absent.conf");
    assert.throws(() => readSettings(absent), ConfigError);
    assert.deepEqual([...readSettings(absent, true).byName], []);
  });
});

describe("an unknown key", () => {
  it("is a warning with its line", () => {
    const file = configFile(`# As a file of another runtime may be.
[crio]
storage_driver = "overlay"
[crio.runtime]
irqbalance_dirs = [
  "/usr/share # not a comment",   # a comment ]
  "/etc/containers/oci/hooks.d",
]
default_env = ["A=[", 'B="']
"irqbalance_config_file" = """
pids_limit = 3
"""
pids_limit = 5
[crio.runtime.workloads.high]
activation_annotation = "x"
[crio.nri]
enable_nri = true
`);
    const settings = readSettings(file);
    assert.deepEqual(settings.warnings, [
      `${file}:3: unknown key crio.storage_driver is ignored`,
      `${file}:5: unknown key crio.runtime.irqbalance_dirs is ignored`,
      `${file}:10: unknown key crio.runtime.irqbalance_config_file is ignored`,
      `${file}:14: unknown table crio.runtime.workloads is ignored`,
      `${file}:16: unknown table crio.nri is ignored`,
    ]);
    assert.equal(settings.byName.get("crio.runtime.pids_limit")?.place, `${file}:13`);
    assert.equal(buildConfig(settings, true).runtime.pidsLimit, 5);
  });
});
