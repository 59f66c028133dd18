/** Seccomp, AppArmor and SELinux in the specs. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { buildContainerSpec, type ContainerSpecInput } from "./container.ts";
import { containerInput, decoded, hostWith } from "./fixtures.test.ts";
import { buildSandboxSpec } from "./sandbox.ts";
import type { Spec } from "./types.ts";

const rootfs = mkdtempSync(join(tmpdir(), "critter-confined-"));
after(() => rmSync(rootfs, { recursive: true }));

const seccomp = { profileType: "RuntimeDefault" as const };
const settings = { seccompProfile: "", privilegedSeccompProfile: "" };
const labels = {
  process: "system_u:system_r:container_t:s0:c1,c2",
  mount: "system_u:object_r:container_file_t:s0:c1,c2",
};

function container(securityContext: object, fields: Partial<ContainerSpecInput> = {}): Spec {
  const pod = { linux: { securityContext: { privileged: true } } };
  return buildContainerSpec(containerInput(rootfs, { linux: { securityContext } }, pod, fields));
}

function pause(securityContext: object, selinux?: typeof labels, apparmorProfile?: string): Spec {
  return buildSandboxSpec({
    id: "s1",
    config: decoded({}, { linux: { securityContext } }).sandboxConfig,
    image: { Entrypoint: ["/pause"] },
    pauseCommand: "",
    rootfs,
    pinned: {},
    cgroupsPath: "/pods/s1",
    allowedAnnotations: [],
    defaultAnnotations: {},
    seccompSettings: settings,
    host: hostWith("v2"),
    selinux,
    ...(apparmorProfile && { apparmorProfile }),
  });
}

test("nothing where nothing is asked for", () => {
  for (const { process, linux } of [container({}), pause({})]) {
    const all = [process.apparmorProfile, process.selinuxLabel, linux.mountLabel, linux.seccomp];
    assert.deepEqual(all, [undefined, undefined, undefined, undefined]);
  }
});

test("the seccomp filter is for the container's own capabilities", () => {
  const calls = ({ linux }: Spec) => linux.seccomp?.syscalls.flatMap(({ names }) => names) ?? [];
  assert.ok(!calls(container({ seccomp })).includes("mount"));
  const admin = { seccomp, capabilities: { addCapabilities: ["SYS_ADMIN"] } };
  assert.ok(calls(container(admin)).includes("mount"));
  assert.ok(!calls(pause({ seccomp })).includes("mount"));
  assert.ok(calls(pause({ seccomp })).includes("read"));
  assert.deepEqual(calls(container({ seccomp, privileged: true })), []);
  assert.deepEqual(calls(pause({ seccomp, privileged: true })), []);
});

test("profile and labels stand where the runtime reads them", () => {
  const confined = { apparmorProfile: "profile", selinux: labels };
  for (const { process, linux } of [container({}, confined), pause({}, labels, "profile")]) {
    assert.equal(process.apparmorProfile, "profile");
    assert.equal(process.selinuxLabel, labels.process);
    assert.equal(linux.mountLabel, labels.mount);
  }
  const { process, linux } = container({}, { selinux: { ...labels, process: "" } });
  assert.deepEqual([process.selinuxLabel, linux.mountLabel], [undefined, labels.mount]);
});
