import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { buildContainerSpec } from "./container.ts";
import { containerInput, hostWith } from "./fixtures.test.ts";

const rootfs = mkdtempSync(join(tmpdir(), "critter-rootfs-"));
after(() => rmSync(rootfs, { recursive: true }));

const privilegedPod = { linux: { securityContext: { privileged: true } } };

test("a request that says nothing gets a working, confined container", () => {
  const spec = buildContainerSpec(containerInput(rootfs, {}));
  assert.deepEqual(spec.process.args, ["/bin/program"]);
  assert.deepEqual(spec.process.capabilities.bounding, ["CAP_CHOWN", "CAP_KILL"]);
  assert.equal(spec.process.cwd, "/");
  assert.ok(spec.process.env.includes("HOSTNAME=pod-host"));
  assert.deepEqual(spec.root, { path: rootfs, readonly: false });
  assert.deepEqual(
    spec.linux.namespaces.map(({ type, path }) => [type, path]),
    [
      ["mount", undefined],
      ["network", "/run/netns/s1"],
      ["ipc", "/run/ipcns/s1"],
      ["uts", "/run/utsns/s1"],
      ["pid", "/proc/4242/ns/pid"],
      ["cgroup", undefined],
    ],
  );
  assert.ok(spec.linux.maskedPaths?.includes("/proc/kcore"));
  assert.ok(spec.linux.readonlyPaths?.includes("/proc/sys"));
  assert.deepEqual(spec.linux.resources.devices?.[0], { allow: false, access: "rwm" });
  assert.equal(spec.annotations["io.kubernetes.cri.sandbox-id"], "s1");
});

test("a privileged container has what the daemon has, and no protected paths", () => {
  const config = { linux: { securityContext: { privileged: true, maskedPaths: ["/proc/kcore"] } } };
  const spec = buildContainerSpec(containerInput(rootfs, config, privilegedPod));
  assert.ok(spec.process.capabilities.effective.includes("CAP_SYS_ADMIN"));
  assert.equal(spec.linux.maskedPaths, undefined);
  assert.ok(!spec.linux.namespaces.some(({ type }) => type === "cgroup"));
  assert.ok(spec.linux.devices?.some(({ path }) => path === "/dev/null"));
  const without = { handler: { privilegedWithoutHostDevices: true } };
  const { linux } = buildContainerSpec(containerInput(rootfs, config, privilegedPod, without));
  assert.equal(linux.devices, undefined);
  assert.equal(linux.resources.devices?.[0]?.allow, false);
});

test("privileged needs a privileged pod", () => {
  const config = { linux: { securityContext: { privileged: true } } };
  assert.throws(() => buildContainerSpec(containerInput(rootfs, config)), {
    code: status.INVALID_ARGUMENT,
    message: /^config\.linux\.security_context\.privileged is true: the pod sandbox is not/,
  });
});

test("lists of protected paths are taken as they come, even empty", () => {
  const some = { linux: { securityContext: { maskedPaths: ["/bin/ls"] } } };
  const { linux } = buildContainerSpec(containerInput(rootfs, some));
  assert.deepEqual([linux.maskedPaths, linux.readonlyPaths], [["/bin/ls"], []]);
});

test("the pod's PID mode is the container's where it has no security context", () => {
  const pod = { linux: { securityContext: { namespaceOptions: { pid: "CONTAINER" as const } } } };
  const { linux } = buildContainerSpec(containerInput(rootfs, {}, pod));
  assert.deepEqual(
    linux.namespaces.find(({ type }) => type === "pid"),
    { type: "pid" },
  );
});

test("limits come from the request and from the configuration; cgroup v1 has no cgroup namespace", () => {
  const config = { linux: { resources: { memoryLimitInBytes: 1000, oomScoreAdj: -997 } } };
  const input = containerInput(rootfs, config, {}, { host: hostWith("v1", { minimumOomScoreAdj: 5 }) });
  Object.assign(input.runtime, {
    pidsLimit: 100,
    defaultUlimits: [{ name: "core", soft: 0, hard: 0 }],
    readOnly: true,
  });
  const { process, root, linux } = buildContainerSpec(input);
  assert.equal(process.oomScoreAdj, 5);
  assert.deepEqual(process.rlimits, [{ type: "RLIMIT_CORE", soft: 0, hard: 0 }]);
  assert.deepEqual(linux.resources.pids, { limit: 100 });
  assert.deepEqual(linux.resources.memory, { limit: 1000, swap: 1000 });
  assert.equal(root.readonly, true);
  assert.ok(!linux.namespaces.some(({ type }) => type === "cgroup"));
});

test("a pod's devices are its user's where crio.conf says so, unless that is root", () => {
  const devices = [{ hostPath: "/dev/null", containerPath: "/dev/mine", permissions: "rw" }];
  const owners = (securityContext: object, deviceOwnershipFromSecurityContext: boolean) => {
    const input = containerInput(rootfs, { devices, linux: { securityContext } });
    Object.assign(input.runtime, { deviceOwnershipFromSecurityContext });
    return buildContainerSpec(input).linux.devices?.map(({ uid, gid }) => [uid, gid]);
  };
  const user = { runAsUser: { value: 1234 }, runAsGroup: { value: 5678 } };
  assert.deepEqual(owners(user, true), [[1234, 5678]]);
  assert.deepEqual(owners({ runAsUser: { value: 1234 } }, true), [[1234, 0]]);
  assert.deepEqual(owners({ runAsUser: { value: 0 } }, true), [[0, 0]]);
  assert.deepEqual(owners(user, false), [[0, 0]]);
});

test("a host path that crio.conf names must be there", () => {
  const hostPath = `${rootfs}-absent`;
  const input = containerInput(rootfs, { mounts: [{ hostPath, containerPath: "/x" }] });
  Object.assign(input.runtime, { absentMountSourcesToReject: [hostPath] });
  assert.throws(() => buildContainerSpec(input), {
    code: status.INVALID_ARGUMENT,
    message: /^config\.mounts\[0\]\.host_path is ".*-absent": it does not exist/,
  });
});
