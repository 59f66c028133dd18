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
seccomp_profile = "/etc/crio/seccomp.json"
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
        'changed: F:8: crio.runtime.seccomp_profile = "/etc/crio/seccomp.json": where the file is absent, CRI-O takes its own profile and critter refuses the container',
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
