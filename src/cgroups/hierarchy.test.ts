import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { detectCgroups } from "./hierarchy.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-hierarchy-"));
after(() => rmSync(folder, { recursive: true }));

function processWith(mountinfo: string[], cgroup: string[]): string {
  const process = mkdtempSync(join(folder, "proc-"));
  writeFileSync(join(process, "mountinfo"), `${mountinfo.join("\n")}\n`);
  writeFileSync(join(process, "cgroup"), `${cgroup.join("\n")}\n`);
  return process;
}

test("v1 with controllers mounted together, a named hierarchy, and the daemon's own place", () => {
  const cgroups = detectCgroups(
    processWith(
      [
        "22 1 0:20 / / rw - ext4 /dev/vda rw",
        "30 25 0:26 / /sys/fs/cgroup/systemd rw,nosuid shared:9 - cgroup cgroup rw,xattr,name=systemd",
        "33 25 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:14 - cgroup cgroup rw,cpu,cpuacct",
        "90 25 0:29 / /var/lib/pod/cpu rw,nosuid shared:14 - cgroup cgroup rw,cpu,cpuacct",
      ],
      ["3:cpu,cpuacct:/system.slice/critter.service", "1:name=systemd:/a:b"],
    ),
  );
  assert.equal(cgroups.version, "v1");
  assert.deepEqual(cgroups.hierarchies, [
    { mount: "/sys/fs/cgroup/systemd", controllers: ["name=systemd"], unified: false, own: "/a:b" },
    {
      mount: "/sys/fs/cgroup/cpu,cpuacct",
      controllers: ["cpu", "cpuacct"],
      unified: false,
      own: "/system.slice/critter.service",
    },
  ]);
  assert.equal(cgroups.limitsSwap, false);
});

test("v2 with its controllers, and swap limited where a cgroup has the file: the daemon's own, or another", () => {
  const unified = mkdtempSync(join(folder, "unified-"));
  writeFileSync(join(unified, "cgroup.controllers"), "cpuset cpu memory pids\n");
  mkdirSync(join(unified, "system.slice"));
  const process = processWith(
    [`30 25 0:26 / ${unified} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate`],
    ["0::/system.slice"],
  );
  const cgroups = detectCgroups(process);
  assert.equal(cgroups.version, "v2");
  assert.deepEqual(cgroups.hierarchies[0]?.controllers, ["cpuset", "cpu", "memory", "pids"]);
  assert.equal(cgroups.hierarchies[0]?.own, "/system.slice");
  assert.equal(cgroups.limitsSwap, false);
  for (const name of ["system.slice", "kubepods.slice"]) {
    mkdirSync(join(unified, name), { recursive: true });
    writeFileSync(join(unified, name, "memory.swap.max"), "max\n");
    assert.equal(detectCgroups(process).limitsSwap, true);
    rmSync(join(unified, name, "memory.swap.max"));
  }
});

test("v1 controllers beside a cgroup2 are hybrid", () => {
  const { version } = detectCgroups(
    processWith(
      [
        "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu",
        "41 31 0:38 / /sys/fs/cgroup/none rw - cgroup2 cgroup2 rw",
      ],
      ["1:cpu:/", "0::/"],
    ),
  );
  assert.equal(version, "hybrid");
});

test("a machine without cgroups is an error that says where was looked", () => {
  const process = processWith(["22 1 0:20 / / rw - ext4 /dev/vda rw"], [""]);
  assert.throws(() => detectCgroups(process), /no cgroup file system is mounted .*mountinfo/);
});

test("this machine's hierarchies are found", () => {
  const cgroups = detectCgroups();
  assert.ok(cgroups.hierarchies.some(({ controllers }) => controllers.includes("memory")));
});
