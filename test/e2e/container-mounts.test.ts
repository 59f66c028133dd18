import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import {
  bindMount,
  MS_BIND,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REMOUNT,
  MS_SHARED,
  MS_SLAVE,
  mount,
  unmountAll,
} from "../../src/linux/mount.ts";
import { outcome } from "../support/cri.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

describe("a container's mounts and devices", { concurrency: 4 }, () => {
  const parts = suite();

  function folder(name: string): string {
    const path = join(parts.daemon.folder, "volumes", name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  it("a folder and a file are written through; a read-only mount is not; ContainerStatus lists them", async () => {
    const hostPath = folder("plain");
    const file = join(hostPath, "file");
    writeFileSync(file, "of the host\n");
    const mounts = [
      { hostPath, containerPath: "/data" },
      { hostPath, containerPath: "/data/inner", readonly: true },
      { hostPath: file, containerPath: "/etc/passwd" },
    ];
    await using pod = await livePod(parts.daemon);
    const id = await pod.run({ mounts });
    assert.equal(
      await pod.sh(id, "cat /data/file /data/inner/file /etc/passwd | uniq -c | xargs"),
      "3 of the host",
    );
    await pod.sh(id, "echo new >/data/new; ! touch /data/inner/x 2>/dev/null");
    assert.equal(readFileSync(join(hostPath, "new"), "utf8"), "new\n");
    const listed = (await containerStatus(parts.daemon, id)).mounts;
    assert.deepEqual(
      listed.map((one) => [one.hostPath, one.containerPath, one.readonly]),
      mounts.map((one) => [one.hostPath, one.containerPath, one.readonly ?? false]),
    );
  });

  it("a symlink as host path is followed; a host path that is missing is made", async () => {
    const target = folder("target");
    writeFileSync(join(target, "flag"), "");
    const link = join(folder("links"), "link");
    symlinkSync("../target", link);
    const missing = join(parts.daemon.folder, "volumes", "not", "yet");
    await using pod = await livePod(parts.daemon);
    const mounts = [
      { hostPath: link, containerPath: "/link" },
      { hostPath: missing, containerPath: "/made" },
    ];
    assert.equal(await pod.sh(await pod.run({ mounts }), "ls /link; touch /made/x"), "flag");
    assert.ok(existsSync(join(missing, "x")));
  });

  it("what the host's mount forbids stays forbidden in a container", async () => {
    const hostPath = folder("restricted");
    mount("none", hostPath, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC);
    try {
      await using pod = await livePod(parts.daemon);
      const mounts = [
        { hostPath, containerPath: "/writable" },
        { hostPath, containerPath: "/read/only", readonly: true },
        { hostPath, containerPath: "/may/run", mountOptions: ["exec"] },
      ];
      const id = await pod.run({ mounts });
      const flags = (path: string) =>
        pod.sh(id, `grep ' ${path} ' /proc/mounts | cut -d ' ' -f 4 | cut -d , -f 1-4`);
      assert.equal(await flags("/writable"), "rw,nosuid,nodev,noexec");
      assert.equal(await flags("/read/only"), "ro,nosuid,nodev,noexec");
      assert.equal(await flags("/may/run"), "rw,nosuid,nodev,relatime");
      assert.equal(await flags("/dev/shm"), "rw,nosuid,nodev,noexec");
      mount("none", hostPath, "none", MS_REMOUNT | MS_BIND | MS_RDONLY);
      const closed = await pod.run({ mounts: mounts.slice(0, 1) });
      await pod.sh(closed, "! touch /writable/x 2>/dev/null");
    } finally {
      await eventually(() => unmountAll(hostPath));
    }
  });

  it("a container path cannot leave the root by a link of the image's", async () => {
    const hostPath = folder("link-in-image");
    await using pod = await livePod(parts.daemon);
    // Debian's /var/run is a link to /run.
    const id = await pod.run({ mounts: [{ hostPath, containerPath: "/var/run/deep/../inside" }] });
    await pod.sh(id, "touch /var/run/inside/x");
    assert.ok(existsSync(join(hostPath, "x")));
  });

  it("propagation: private sees nothing, HOST_TO_CONTAINER the host's mounts, BIDIRECTIONAL both ways", async () => {
    const hostPath = folder("shared");
    bindMount(hostPath, hostPath);
    mount("", hostPath, "", MS_SHARED);
    try {
      for (const name of ["before", "late", "inside"]) mkdirSync(join(hostPath, name));
      const { cgroupParent } = parts.daemon;
      await using pod = await livePod(parts.daemon, {
        linux: { cgroupParent, securityContext: { privileged: true } },
      });
      const run = (propagation: "PRIVATE" | "HOST_TO_CONTAINER" | "BIDIRECTIONAL") =>
        pod.run({
          mounts: [{ hostPath, containerPath: "/v", propagation: `PROPAGATION_${propagation}` }],
          linux: { securityContext: { privileged: true } },
        });
      const [closed, slave, shared] = [
        await run("PRIVATE"),
        await run("HOST_TO_CONTAINER"),
        await run("BIDIRECTIONAL"),
      ];
      mount("tmpfs", join(hostPath, "late"), "tmpfs", 0, "size=64k");
      writeFileSync(join(hostPath, "late", "x"), "");
      assert.equal(await pod.sh(closed, "ls /v/late"), "");
      assert.equal(await pod.sh(slave, "ls /v/late"), "x");
      assert.equal(await pod.sh(shared, "ls /v/late"), "x");
      await pod.sh(shared, "mount -t tmpfs none /v/inside && touch /v/inside/y");
      assert.ok(existsSync(join(hostPath, "inside", "y")));
      assert.equal(await pod.sh(slave, "ls /v/inside"), "y");
      await pod.sh(slave, "mount -t tmpfs none /v/before && touch /v/before/z");
      assert.equal(existsSync(join(hostPath, "before", "z")), false);
      await pod.sh(shared, "umount /v/inside");
    } finally {
      await eventually(() => {
        unmountAll(join(hostPath, "late"));
        unmountAll(hostPath);
      });
    }
  });

  it("propagation of one mount opens none of the pod's own files, though they are shared on the host as under systemd", async () => {
    const hostPath = folder("open");
    bindMount(hostPath, hostPath);
    mount("", hostPath, "", MS_SHARED);
    try {
      const { cgroupParent, folder } = parts.daemon;
      const securityContext = { privileged: true };
      await using pod = await livePod(parts.daemon, { linux: { cgroupParent, securityContext } });
      const shm = join(folder, "runroot", "sandboxes", pod.id, "shm");
      mount("", shm, "", MS_SHARED);
      const id = await pod.run({
        mounts: [{ hostPath, containerPath: "/v", propagation: "PROPAGATION_BIDIRECTIONAL" }],
        linux: { securityContext },
      });
      await pod.sh(id, "mkdir /dev/shm/own && mount -t tmpfs none /dev/shm/own && touch /dev/shm/own/x");
      assert.ok(existsSync(join(shm, "own")));
      assert.equal(existsSync(join(shm, "own", "x")), false);
    } finally {
      await eventually(() => unmountAll(hostPath));
    }
  });

  it("propagation of which nothing could come, for the host's mount is private or a slave, is refused", async () => {
    const hostPath = folder("private");
    bindMount(hostPath, hostPath);
    mount("", hostPath, "", MS_PRIVATE);
    try {
      await using pod = await livePod(parts.daemon);
      const create = (propagation: "PROPAGATION_HOST_TO_CONTAINER" | "PROPAGATION_BIDIRECTIONAL") =>
        pod.create({ mounts: [{ hostPath, containerPath: "/v", propagation }] });
      const refused =
        /^config\.mounts\[0\]\.propagation is "PROPAGATION_\w+": .*\/private, the mount that holds .*, is/;
      await assert.rejects(create("PROPAGATION_BIDIRECTIONAL"), {
        code: status.INVALID_ARGUMENT,
        message: refused,
      });
      await assert.rejects(create("PROPAGATION_HOST_TO_CONTAINER"), {
        code: status.INVALID_ARGUMENT,
        message: refused,
      });
      mount("", hostPath, "", MS_SHARED);
      mount("", hostPath, "", MS_SLAVE);
      await assert.rejects(create("PROPAGATION_BIDIRECTIONAL"), { message: / is not shared$/ });
    } finally {
      unmountAll(hostPath);
    }
  });

  it("devices: what was asked for is there with the permissions given, and nothing else", async () => {
    await using pod = await livePod(parts.daemon);
    const devices = [
      { hostPath: "/dev/kmsg", containerPath: "/dev/log-of-kernel", permissions: "r" },
      { hostPath: "/dev/null", containerPath: "/dev/other-null", permissions: "rwm" },
    ];
    // The kernel's log is for those with CAP_SYSLOG, whatever the device's mode.
    const linux = { securityContext: { capabilities: { addCapabilities: ["SYSLOG"] } } };
    const id = await pod.run({ devices, linux });
    assert.equal(await pod.sh(id, "echo x >/dev/other-null && echo written"), "written");
    assert.equal(await pod.sh(id, "stat -c '%t:%T' /dev/log-of-kernel"), "1:b");
    assert.equal(await pod.sh(id, "sh -c ': </dev/log-of-kernel' && echo may read"), "may read");
    await pod.sh(id, "! sh -c ': >/dev/log-of-kernel' 2>/dev/null");
    // Nodes may be made, but not opened: the cgroup forbids it.
    await pod.sh(id, "mknod /x c 1 11 2>/dev/null; ! sh -c ': </x' 2>/dev/null");
    const wrong = pod.create({ devices: [{ hostPath: "/dev/no-such-device", permissions: "r" }] });
    assert.equal(await outcome(wrong), "INVALID_ARGUMENT");
  });

  it("readonly_rootfs leaves volumes writable", async () => {
    const hostPath = folder("writable");
    await using pod = await livePod(parts.daemon);
    const id = await pod.run({
      mounts: [{ hostPath, containerPath: "/data" }],
      linux: { securityContext: { readonlyRootfs: true } },
    });
    await pod.sh(id, "touch /data/x; ! touch /x 2>/dev/null");
    assert.ok(existsSync(join(hostPath, "x")));
  });
});
