import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { PodSandboxConfig } from "../../cri/messages.ts";
import type { Init } from "../../cri/proto.ts";
import { decoded, hostWith } from "./fixtures.test.ts";
import { buildSandboxSpec, type SandboxSpecInput } from "./sandbox.ts";

const rootfs = mkdtempSync(join(tmpdir(), "critter-pause-"));
after(() => rmSync(rootfs, { recursive: true }));

function spec(config: Init<PodSandboxConfig>, fields: Partial<SandboxSpecInput> = {}) {
  return buildSandboxSpec({
    id: "s1",
    config: decoded({}, config).sandboxConfig,
    image: { Entrypoint: ["/pause"], User: "65535:65535", Env: ["PATH=/bin"] },
    pauseCommand: "",
    rootfs,
    pinned: { net: "/ns/net", ipc: "/ns/ipc", uts: "/ns/uts" },
    cgroupsPath: "/pods/s1",
    allowedAnnotations: [],
    seccompSettings: { seccompProfile: "", privilegedSeccompProfile: "" },
    host: hostWith("v2"),
    ...fields,
  });
}

const pod = { hostname: "web", metadata: { name: "web", uid: "u", namespace: "default", attempt: 1 } };

test("the pause container: the image's program, with nothing it does not need", () => {
  const { process, root, hostname, mounts, linux, annotations } = spec(pod);
  assert.deepEqual(process.args, ["/pause"]);
  assert.deepEqual(process.user, { uid: 65535, gid: 65535, additionalGids: [65535] });
  assert.deepEqual(process.capabilities.bounding, []);
  assert.equal(process.oomScoreAdj, -998);
  assert.equal(process.noNewPrivileges, true);
  assert.deepEqual(root, { path: rootfs, readonly: true });
  assert.equal(hostname, "web");
  assert.deepEqual(
    mounts.map(({ destination }) => destination),
    ["/proc", "/dev"],
  );
  assert.equal(linux.resources.cpu?.shares, 2);
  assert.equal(annotations["io.kubernetes.cri.container-type"], "sandbox");
  assert.equal(annotations["io.kubernetes.cri.sandbox-id"], "s1");
});

test("its /proc is masked where containers can use it: by sharing its PID namespace, or as root of the host's", () => {
  const masked = (pid: "POD" | "CONTAINER") =>
    spec({ linux: { securityContext: { namespaceOptions: { pid } } } }).linux.maskedPaths;
  assert.ok(spec({}).linux.maskedPaths?.includes("/proc/kcore"));
  assert.ok(masked("POD")?.includes("/proc/kcore"));
  assert.equal(masked("CONTAINER"), undefined);
  const runAsUser = { value: 0 };
  const { linux } = spec({ linux: { securityContext: { runAsUser, namespaceOptions: { pid: "NODE" } } } });
  assert.ok(linux.maskedPaths?.includes("/proc/kcore"));
  assert.ok(linux.readonlyPaths?.includes("/proc/sys"));
});

test("on the host's network it sets no hostname", () => {
  assert.equal(spec(pod, { pinned: { ipc: "/ns/ipc" } }).hostname, undefined);
});

test("the pod's user goes before the image's; a configured command before its entrypoint", () => {
  const securityContext = { runAsUser: { value: 1000 }, runAsGroup: { value: 2000 } };
  const { process } = spec({ linux: { securityContext } }, { pauseCommand: "/other" });
  assert.deepEqual(process.user, { uid: 1000, gid: 2000, additionalGids: [2000] });
  assert.deepEqual(process.args, ["/other"]);
  assert.throws(() => spec({ linux: { securityContext: { runAsGroup: { value: 1 } } } }), {
    code: status.INVALID_ARGUMENT,
    message: /run_as_group is 1/,
  });
});

test("of the pod's annotations the runtime sees those allowed to it", () => {
  const annotations = { "io.katacontainers.x": "1", "org.systemd.property.TimeoutStopUSec": "1" };
  const seen = spec({ annotations }, { allowedAnnotations: ["io.katacontainers."] }).annotations;
  assert.equal(seen["io.katacontainers.x"], "1");
  assert.equal(seen["org.systemd.property.TimeoutStopUSec"], undefined);
});

test("the pod's size is told in the CRI's own names, as CRI-O tells it", () => {
  const resources = {
    cpuShares: 128,
    hugepageLimits: [{ pageSize: "2MB", limit: 4 }],
    unified: { "a.b": "1" },
  };
  const { annotations } = spec({ linux: { resources, overhead: {} } });
  assert.deepEqual(JSON.parse(annotations["io.kubernetes.cri-o.PodLinuxResources"]!), {
    cpu_shares: 128,
    hugepage_limits: [{ page_size: "2MB", limit: 4 }],
    unified: { "a.b": "1" },
  });
  assert.equal(annotations["io.kubernetes.cri-o.PodLinuxOverhead"], "{}");
});
