/** The specs run: a busybox under the real runc says what it was given. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { detectCgroups } from "../../cgroups/hierarchy.ts";
import { ociCgroupsPath, podCgroup } from "../../cgroups/paths.ts";
import { PodCgroups } from "../../cgroups/pod-cgroup.ts";
import { removeCgroup } from "../../cgroups/remove.ts";
import type { ContainerConfig, PodSandboxConfig } from "../../cri/messages.ts";
import type { Init } from "../../cri/proto.ts";
import { bindMount, MS_SHARED, mount, unmountAll } from "../../linux/mount.ts";
import { NamespaceMaker } from "../../linux/namespaces.ts";
import { buildContainerSpec, type ContainerSpecInput } from "./container.ts";
import { containerInput, decoded } from "./fixtures.test.ts";
import { readHost } from "./host.ts";
import { buildSandboxSpec } from "./sandbox.ts";
import type { Spec } from "./types.ts";

const cgroups = detectCgroups();
const host = readHost(cgroups);
const pod = podCgroup("cgroupfs", `/critter-spectest-${process.pid}`);
const podCgroups = new PodCgroups(cgroups);
const folder = realpathSync(mkdtempSync(join(tmpdir(), "critter-runc-")));
const rootfs = join(folder, "rootfs");
const pinned = { net: join(folder, "ns/net"), ipc: join(folder, "ns/ipc"), uts: join(folder, "ns/uts") };
const files = {
  hostname: join(folder, "hostname"),
  hosts: join(folder, "hosts"),
  resolvConf: join(folder, "resolv.conf"),
  shm: join(folder, "shm"),
};
const namespaces = new NamespaceMaker();

before(async () => {
  makeRootfs();
  mkdirSync(files.shm);
  for (const file of [files.hostname, files.hosts, files.resolvConf]) writeFileSync(file, `${file}\n`);
  await namespaces.create({ ...pinned, hostname: "pod-host" });
  podCgroups.create(pod);
});

after(async () => {
  for (const path of Object.values(pinned)) unmountAll(path);
  await namespaces.close();
  await removeCgroup(cgroups, pod.path);
  rmSync(folder, { recursive: true });
});

function makeRootfs(): void {
  for (const name of ["bin", "etc", "proc", "sys", "dev", "tmp"])
    mkdirSync(join(rootfs, name), { recursive: true });
  const busybox = execFileSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).trim();
  copyFileSync(busybox, join(rootfs, "bin/busybox"));
  for (const [library] of spawnSync("ldd", [busybox], { encoding: "utf8" }).stdout.matchAll(/\/lib\S+/g)) {
    mkdirSync(join(rootfs, dirname(library)), { recursive: true });
    copyFileSync(library, join(rootfs, library));
  }
  for (const applet of ["sh", "cat", "id", "touch", "hostname", "env", "pwd", "ls", "true"]) {
    symlinkSync("busybox", join(rootfs, "bin", applet));
  }
  writeFileSync(join(rootfs, "etc/passwd"), "root:x:0:0::/root:/bin/sh\nme:x:1000:1001::/home/me:/bin/sh\n");
  writeFileSync(join(rootfs, "etc/group"), "root:x:0:\nme:x:1001:\nextra:x:50000:me\n");
}

function run(spec: Spec, id: string): string {
  const bundle = mkdtempSync(join(folder, "bundle-"));
  writeFileSync(join(bundle, "config.json"), JSON.stringify(spec));
  const { status, stdout, stderr } = spawnSync(
    "runc",
    ["--root", join(folder, "state"), "run", "-b", bundle, id],
    {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  assert.equal(status, 0, stderr);
  return stdout;
}

/** What `script` prints in a container of this request. */
function output(
  script: string,
  config: Init<ContainerConfig>,
  sandboxConfig: Init<PodSandboxConfig> = {},
): string {
  const id = `critter-spectest-${process.pid}`;
  const fields: Partial<ContainerSpecInput> = {
    id,
    sandbox: { id: "s1", hostname: "pod-host", pausePid: process.pid, pinned, files },
    image: { Entrypoint: ["/bin/sh", "-c", script], Env: ["IMAGE=yes"] },
    cgroupsPath: ociCgroupsPath(pod, id),
    handler: { privilegedWithoutHostDevices: false, recursiveReadOnlyMounts: true },
    host,
  };
  return run(buildContainerSpec(containerInput(rootfs, config, sandboxConfig, fields)), id);
}

function lines(text: string): string[] {
  return text.trim().split("\n");
}

function mountOptions(mountinfo: string, path: string): string[] {
  const fields = lines(mountinfo).map((line) => line.split(" "));
  return fields.findLast((field) => field[4] === path)?.[5]?.split(",") ?? [];
}

test("user, groups, environment, folder and hostname are those of the request", () => {
  const printed = output("id -u; id -g; id -G; pwd; hostname; echo $A $IMAGE $HOSTNAME; cat /etc/hosts", {
    workingDir: "/work/dir",
    envs: [{ key: "A", value: Buffer.from("b c") }],
    linux: { securityContext: { runAsUser: { value: 1000 }, supplementalGroups: [1234] } },
  });
  assert.deepEqual(lines(printed), [
    "1000",
    "1001",
    "1001 1234 50000",
    "/work/dir",
    "pod-host",
    "b c yes pod-host",
    files.hosts,
  ]);
});

test("capabilities: the defaults for root, none in effect for others, all of the daemon's when privileged", () => {
  const masks = (config: Init<ContainerConfig>, sandbox: Init<PodSandboxConfig> = {}) =>
    output("cat /proc/self/status", config, sandbox);
  const effective = (status: string) => /^CapEff:\t(\w+)$/m.exec(status)?.[1];
  assert.equal(effective(masks({})), "0000000000000021");
  const other = masks({ linux: { securityContext: { runAsUser: { value: 7 }, noNewPrivs: true } } });
  assert.equal(effective(other), "0000000000000000");
  assert.match(other, /^CapBnd:\t0000000000000021$/m);
  assert.match(other, /^NoNewPrivs:\t1$/m);
  const ambient = masks({
    linux: {
      securityContext: {
        runAsUser: { value: 7 },
        capabilities: { addAmbientCapabilities: ["NET_BIND_SERVICE"] },
      },
    },
  });
  assert.equal(effective(ambient), "0000000000000400");
  const privileged = { linux: { securityContext: { privileged: true } } };
  const own = /^CapBnd:\t(\w+)$/m.exec(execFileSync("cat", ["/proc/self/status"], { encoding: "utf8" }))?.[1];
  assert.equal(effective(masks(privileged, privileged)), own);
});

test("a read-only root, protected paths, and a /sys that cannot be written", () => {
  const printed = output("touch /x 2>&1; ls /bin/pwd; cat /proc/kcore; cat /proc/self/mountinfo", {
    linux: {
      securityContext: { readonlyRootfs: true, maskedPaths: ["/proc/kcore"], readonlyPaths: ["/tmp"] },
    },
  });
  assert.match(printed, /touch: \/x: Read-only file system/);
  // runc binds v1's hierarchies into a folder of its own.
  const cgroup = cgroups.version === "v2" ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
  for (const path of ["/", "/sys", cgroup, "/tmp"]) {
    assert.ok(mountOptions(printed, path).includes("ro"), path);
  }
});

test("mounts of the request, read-only throughout where asked", () => {
  const source = join(folder, "volume");
  mkdirSync(join(source, "below"), { recursive: true });
  mount("tmpfs", join(source, "below"), "tmpfs");
  try {
    const mountOf = (containerPath: string, fields: object) => ({
      containerPath,
      hostPath: source,
      ...fields,
    });
    const printed = output("touch /rw/file; cat /proc/self/mountinfo", {
      mounts: [
        mountOf("/rro", { readonly: true, recursiveReadOnly: true }),
        mountOf("/ro", { readonly: true }),
        mountOf("/rw", { mountOptions: ["noexec"] }),
      ],
    });
    assert.ok(mountOptions(printed, "/rro").includes("ro"));
    assert.ok(mountOptions(printed, "/rro/below").includes("ro"));
    assert.ok(mountOptions(printed, "/ro").includes("ro"));
    assert.ok(mountOptions(printed, "/ro/below").includes("rw"));
    assert.ok(mountOptions(printed, "/rw").includes("noexec"));
    assert.deepEqual(lines(execFileSync("ls", [source], { encoding: "utf8" })), ["below", "file"]);
  } finally {
    unmountAll(join(source, "below"));
  }
});

test("propagation reaches the container's mount", () => {
  const source = join(folder, "propagated");
  mkdirSync(source);
  bindMount(source, source);
  mount("none", source, "none", MS_SHARED);
  try {
    const tags = (propagation: "PROPAGATION_BIDIRECTIONAL" | "PROPAGATION_HOST_TO_CONTAINER") =>
      lines(
        output("cat /proc/self/mountinfo", {
          mounts: [{ containerPath: "/p", hostPath: source, propagation }],
        }),
      ).find((line) => line.split(" ")[4] === "/p");
    assert.match(tags("PROPAGATION_BIDIRECTIONAL") ?? "", / shared:/);
    assert.match(tags("PROPAGATION_HOST_TO_CONTAINER") ?? "", / master:/);
  } finally {
    unmountAll(source);
  }
});

test("resources are in the container's cgroup, devices in its /dev", () => {
  const printed = output("cat /proc/self/cgroup /proc/self/oom_score_adj; ls /dev/asked /dev/zero", {
    devices: [{ hostPath: "/dev/full", containerPath: "/dev/asked", permissions: "r" }],
    linux: { resources: { memoryLimitInBytes: 64 * 2 ** 20, cpuShares: 512, oomScoreAdj: 500 } },
  });
  assert.match(printed, new RegExp(`:${pod.path}/critter-spectest-${process.pid}\n`));
  assert.match(printed, /\n500\n\/dev\/asked\n\/dev\/zero\n/);
});

test("the pause container's spec runs", () => {
  const id = `critter-spectest-pause-${process.pid}`;
  const spec = buildSandboxSpec({
    id,
    config: decoded({}, { hostname: "web" }).sandboxConfig,
    image: { Entrypoint: ["/bin/sh", "-c", "id -u; hostname; cat /proc/self/status"], User: "65535:65535" },
    pauseCommand: "",
    rootfs,
    pinned,
    cgroupsPath: ociCgroupsPath(pod, id),
    allowedAnnotations: [],
    seccompSettings: { seccompProfile: "", privilegedSeccompProfile: "" },
    host,
  });
  const printed = run(spec, id);
  assert.deepEqual(lines(printed).slice(0, 2), ["65535", "web"]);
  assert.match(printed, /^CapBnd:\t0000000000000000$/m);
});
