import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { Mount } from "../../cri/messages.ts";
import type { Init } from "../../cri/proto.ts";
import {
  bindMount,
  MS_BIND,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REMOUNT,
  MS_SHARED,
  MS_SLAVE,
  mount,
  unmountAll,
} from "../../linux/mount.ts";
import { decoded } from "./fixtures.test.ts";
import { type MountsInput, mountsOf } from "./mounts.ts";
import { propagationOption } from "./propagation.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "critter-mounts-")));
after(() => rmSync(folder, { recursive: true }));

const files = { hostname: "/s/hostname", hosts: "/s/hosts", resolvConf: "/s/resolv.conf", shm: "/s/shm" };

function mounts(requested: Init<Mount>[], fields: Partial<MountsInput> = {}) {
  return mountsOf({
    requested: decoded({ mounts: requested }).config.mounts,
    imageVolumes: [],
    files,
    privileged: false,
    readonlyRootfs: false,
    recursiveReadOnlyMounts: true,
    idMappedMounts: false,
    absentMountSourcesToReject: [],
    ...fields,
  });
}

const at = (destination: string, result: ReturnType<typeof mounts>) =>
  result.mounts.find((one) => one.destination === destination);

test("the usual mounts, parents first; read-only is /sys, and the pod's files where the root is", () => {
  const result = mounts([]);
  const order = result.mounts.map(({ destination }) => destination);
  assert.ok(order.indexOf("/dev") < order.indexOf("/dev/shm"));
  assert.ok(order.indexOf("/sys") < order.indexOf("/sys/fs/cgroup"));
  assert.deepEqual(at("/dev/shm", result)?.source, "/s/shm");
  assert.ok(at("/sys", result)?.options.includes("ro"));
  assert.deepEqual(at("/etc/hosts", result)?.options, ["rbind", "rprivate"]);
  const readonly = mounts([], { readonlyRootfs: true });
  assert.deepEqual(at("/etc/hosts", readonly)?.options, ["rbind", "rprivate", "ro"]);
  assert.ok(at("/sys/fs/cgroup", mounts([], { privileged: true }))?.options.includes("rw"));
  assert.equal(result.rootfsPropagation, undefined);
});

test("a mount of the request takes the place of a usual one, a /dev of ours beneath it too", () => {
  const result = mounts([
    { containerPath: "/etc/hosts/", hostPath: folder },
    { containerPath: "/dev", hostPath: folder },
    { containerPath: "/a/b/c", hostPath: folder, readonly: true },
    { containerPath: "/a", hostPath: folder },
  ]);
  assert.deepEqual(at("/etc/hosts", result), {
    destination: "/etc/hosts",
    type: "bind",
    source: folder,
    options: ["rbind", "rprivate"],
  });
  assert.equal(at("/dev/pts", result), undefined);
  assert.equal(at("/dev/shm", result)?.source, "/s/shm");
  assert.deepEqual(at("/a/b/c", result)?.options, ["rbind", "rprivate", "ro"]);
  const order = result.mounts.map(({ destination }) => destination);
  assert.ok(order.indexOf("/a") < order.indexOf("/a/b/c"));
});

test("restrictions of the host's mount stay, unless the request lifts them", (t) => {
  const hostPath = mkdtempSync(join(folder, "restricted-"));
  mount("none", hostPath, "tmpfs", MS_NOSUID | MS_NOEXEC);
  t.after(() => unmountAll(hostPath));
  const options = (request: Init<Mount>) =>
    at("/x", mounts([{ containerPath: "/x", hostPath, ...request }]))?.options;
  assert.deepEqual(options({}), ["rbind", "rprivate", "nosuid", "noexec"]);
  assert.deepEqual(options({ readonly: true }), ["rbind", "rprivate", "ro", "nosuid", "noexec"]);
  const nodev = ["rbind", "rprivate", "nodev", "nosuid", "noexec"];
  assert.deepEqual(options({ mountOptions: ["nodev"] }), nodev);
  assert.deepEqual(options({ mountOptions: ["exec"] }), ["rbind", "rprivate", "exec", "nosuid"]);
  mount("none", hostPath, "none", MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NOEXEC | MS_RDONLY);
  assert.deepEqual(options({}), ["rbind", "rprivate", "ro", "nosuid", "noexec"]);
  assert.deepEqual(options({ mountOptions: ["nodev"] }), [
    "rbind",
    "rprivate",
    "nodev",
    "ro",
    "nosuid",
    "noexec",
  ]);
  assert.deepEqual(options({ readonly: true }), ["rbind", "rprivate", "ro", "nosuid", "noexec"]);
});

test("a link as host path is resolved, a missing one is made, unless it must be there", () => {
  mkdirSync(join(folder, "real"));
  symlinkSync("real", join(folder, "link"));
  assert.equal(
    at("/x", mounts([{ containerPath: "/x", hostPath: join(folder, "link") }]))?.source,
    join(folder, "real"),
  );
  const absent = join(folder, "made/deep");
  assert.equal(at("/x", mounts([{ containerPath: "/x", hostPath: absent }]))?.source, absent);
  assert.ok(existsSync(absent));
  const rejected = join(folder, "never");
  assert.throws(
    () =>
      mounts([{ containerPath: "/x", hostPath: `${rejected}/` }], { absentMountSourcesToReject: [rejected] }),
    {
      code: status.INVALID_ARGUMENT,
      message: /^config\.mounts\[0\]\.host_path is .*absent_mount_sources_to_reject/,
    },
  );
  assert.ok(!existsSync(rejected));
});

test("recursive read-only and further options", () => {
  const request = { containerPath: "/x", hostPath: folder, readonly: true, recursiveReadOnly: true };
  assert.deepEqual(at("/x", mounts([{ ...request, mountOptions: ["noexec"] }]))?.options, [
    "rbind",
    "rprivate",
    "rro",
    "noexec",
  ]);
});

test("a mount of an image binds what is mounted of it", () => {
  const requested = [
    { containerPath: "/x", hostPath: folder },
    { containerPath: "/v", image: { image: "i" }, readonly: true, mountOptions: ["noexec"] },
  ];
  assert.deepEqual(at("/v", mounts(requested, { imageVolumes: [undefined, "/images/i"] })), {
    destination: "/v",
    type: "bind",
    source: "/images/i",
    options: ["rbind", "rprivate", "ro", "noexec"],
  });
});

test("propagation follows the host's mount, and is refused where it allows none", () => {
  const point = join(folder, "point");
  mkdirSync(point);
  bindMount(point, point);
  const change = (flag: number) => mount("none", point, "none", flag);
  const request = (propagation: Mount["propagation"]) =>
    mounts([{ containerPath: "/x", hostPath: point, propagation }]);
  const refused = {
    code: status.INVALID_ARGUMENT,
    message: /^config\.mounts\[0\]\.propagation is "PROPAGATION_/,
  };
  try {
    change(MS_PRIVATE);
    assert.throws(() => request("PROPAGATION_HOST_TO_CONTAINER"), refused);
    assert.throws(() => request("PROPAGATION_BIDIRECTIONAL"), refused);
    change(MS_SHARED);
    assert.equal(request("PROPAGATION_BIDIRECTIONAL").rootfsPropagation, "rshared");
    assert.equal(request("PROPAGATION_HOST_TO_CONTAINER").rootfsPropagation, "rslave");
    assert.ok(at("/x", request("PROPAGATION_BIDIRECTIONAL"))?.options.includes("rshared"));
    const slave = join(folder, "slave");
    mkdirSync(slave);
    bindMount(point, slave);
    mount("none", slave, "none", MS_SLAVE);
    try {
      const mountsFrom = (propagation: Mount["propagation"]) =>
        mounts([{ containerPath: "/x", hostPath: slave, propagation }]);
      assert.ok(at("/x", mountsFrom("PROPAGATION_HOST_TO_CONTAINER"))?.options.includes("rslave"));
      assert.throws(() => mountsFrom("PROPAGATION_BIDIRECTIONAL"), refused);
    } finally {
      unmountAll(slave);
    }
  } finally {
    unmountAll(point);
  }
});

test("the mount that counts is the longest and last one, blanks in its name or not", () => {
  const mountinfo = join(folder, "mountinfo");
  writeFileSync(
    mountinfo,
    "1 0 8:1 / / rw shared:1 - ext4 /dev/a rw\n" +
      "2 1 8:2 / /with\\040blank rw shared:2 - ext4 /dev/b rw\n" +
      "3 1 8:2 / /with\\040blank rw master:2 - ext4 /dev/b rw\n",
  );
  const option = (path: string) => propagationOption("PROPAGATION_BIDIRECTIONAL", path, "f", mountinfo);
  assert.equal(option("/with"), "rshared");
  assert.throws(() => option("/with blank/x"), /\/with blank, the mount that holds/);
});

test("wrong mounts name field and value", () => {
  const refuse = (request: Init<Mount>, message: RegExp, code = status.INVALID_ARGUMENT) =>
    assert.throws(
      () => mounts([{ containerPath: "/x", hostPath: folder }, request], { recursiveReadOnlyMounts: false }),
      {
        code,
        message,
      },
    );
  refuse({ containerPath: "x", hostPath: folder }, /^config\.mounts\[1\]\.container_path is "x"/);
  refuse({ containerPath: "/a/..", hostPath: folder }, /container_path is "\/a\/\.\."/);
  refuse({ containerPath: "/x", hostPath: "" }, /host_path is ""/);
  refuse({ containerPath: "/x", hostPath: "/proc/version/x" }, /host_path is "\/proc\/version\/x"/);
  const recursive = { containerPath: "/x", hostPath: folder, recursiveReadOnly: true };
  refuse(recursive, /recursive_read_only is true: the mount is not readonly/);
  refuse({ ...recursive, readonly: true }, /the runtime does not support/);
  refuse({ ...recursive, readonly: true, propagation: "PROPAGATION_HOST_TO_CONTAINER" }, /PROPAGATION_/);
  refuse({ containerPath: "/x", hostPath: folder, mountOptions: ["sync"] }, /mount_options\[0\] is "sync"/);
  refuse({ containerPath: "/x", hostPath: folder, mountOptions: ["dev", "nodev"] }, /nodev is set too/);
  const uidMappings = [{ hostId: 0, containerId: 0, length: 1 }];
  refuse({ containerPath: "/x", hostPath: folder, uidMappings }, /gidMappings/);
});
