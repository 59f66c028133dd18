import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { NamespaceMode, NamespaceOption } from "../../cri/messages.ts";
import { type ContainerNamespacesInput, containerNamespaces, sandboxNamespaces } from "./namespaces.ts";

const pinned = { net: "/ns/net", ipc: "/ns/ipc", uts: "/ns/uts" };
const joined = [
  { type: "mount" },
  { type: "network", path: "/ns/net" },
  { type: "ipc", path: "/ns/ipc" },
  { type: "uts", path: "/ns/uts" },
];

function options(pid: NamespaceMode, fields: Partial<NamespaceOption> = {}): NamespaceOption {
  return { network: "POD", ipc: "POD", pid, targetId: "", usernsOptions: null, ...fields };
}

function container(pid: NamespaceMode, fields: Partial<ContainerNamespacesInput> = {}) {
  return containerNamespaces({ options: options(pid), pinned, pausePid: 7, cgroup: false, ...fields });
}

test("the PID namespace in its four modes", () => {
  assert.deepEqual(container("POD"), [...joined, { type: "pid", path: "/proc/7/ns/pid" }]);
  assert.deepEqual(container("CONTAINER"), [...joined, { type: "pid" }]);
  assert.deepEqual(container("NODE"), joined);
  assert.deepEqual(container("TARGET", { targetPid: 9 }), [
    ...joined,
    { type: "pid", path: "/proc/9/ns/pid" },
  ]);
});

test("without options it is the pod's; what is not pinned is the host's", () => {
  assert.deepEqual(containerNamespaces({ options: null, pinned: {}, pausePid: 7, cgroup: true }), [
    { type: "mount" },
    { type: "pid", path: "/proc/7/ns/pid" },
    { type: "cgroup" },
  ]);
});

test("the pause container has a PID namespace of its own, unless the pod is in the host's", () => {
  assert.deepEqual(sandboxNamespaces(null, pinned), [...joined, { type: "pid" }]);
  assert.deepEqual(sandboxNamespaces(options("CONTAINER"), pinned), [...joined, { type: "pid" }]);
  assert.deepEqual(sandboxNamespaces(options("NODE"), pinned), joined);
});

test("a namespace that cannot be had is an error, not another namespace", () => {
  assert.throws(() => container("POD", { pausePid: undefined }), { code: status.FAILED_PRECONDITION });
  const target = options("TARGET", { targetId: "gone" });
  assert.throws(() => container("TARGET", { options: target }), {
    code: status.INVALID_ARGUMENT,
    message: /target_id is "gone"/,
  });
});

test("a user namespace is joined with the others, by the pause container too", () => {
  const all = { ...pinned, user: "/ns/user" };
  const user = { type: "user", path: "/ns/user" };
  assert.deepEqual(container("NODE", { pinned: all }), [joined[0], user, ...joined.slice(1)]);
  assert.deepEqual(sandboxNamespaces(options("NODE"), all), [joined[0], user, ...joined.slice(1)]);
});
