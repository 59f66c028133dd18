import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { SELinuxOption } from "../../cri/messages.ts";
import { redirectLog } from "../../log.ts";
import { Selinux } from "./selinux.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-selinux-"));
after(() => rmSync(folder, { recursive: true }));

const places = { filesystem: join(folder, "selinuxfs"), policies: join(folder, "etc") };
mkdirSync(places.filesystem);
writeFileSync(join(places.filesystem, "enforce"), "1");
mkdirSync(join(places.policies, "targeted/contexts"), { recursive: true });
writeFileSync(join(places.policies, "config"), "SELINUX=enforcing\nSELINUXTYPE=targeted\n");
writeFileSync(
  join(places.policies, "targeted/contexts/lxc_contexts"),
  `process = "system_u:system_r:container_t:s0"
file = "system_u:object_r:container_file_t:s0"
ro_file="system_u:object_r:container_ro_file_t:s0"
`,
);

const settings = { selinux: true, hostnetworkDisableSelinux: true };
const selinux = new Selinux(settings, places);
const asking = (options: Partial<SELinuxOption>, privileged = false) => ({
  selinuxOptions: { user: "", role: "", type: "", level: "", ...options },
  privileged,
});

test("each pod has a level of its own", () => {
  const levels = new Set<string>();
  const taken: string[] = [];
  for (let count = 0; count < 500; count++) {
    const pod = selinux.podLabels(null, false, taken)!;
    const [, process] = /^system_u:system_r:container_t:(s0:c\d+,c\d+)$/.exec(pod.process) ?? [];
    const [, mount] = /^system_u:object_r:container_file_t:(s0:c\d+,c\d+)$/.exec(pod.mount) ?? [];
    assert.ok(process);
    assert.equal(process, mount);
    levels.add(process);
    taken.push(pod.mount);
  }
  assert.equal(levels.size, 500);
});

test("options replace their part of the label; user and level those of files too", () => {
  const options = { user: "user_u", role: "user_r", type: "spc_t", level: "s0:c5,c9" };
  assert.deepEqual(selinux.podLabels(asking(options), false, []), {
    process: "user_u:user_r:spc_t:s0:c5,c9",
    mount: "user_u:object_r:container_file_t:s0:c5,c9",
  });
});

test("a container has its pod's labels, and its pod's level with a type of its own", () => {
  const pod = selinux.podLabels(asking({ level: "s0:c1,c2" }), false, []);
  assert.deepEqual(selinux.containerLabels(null, pod), pod);
  assert.deepEqual(selinux.containerLabels(asking({}), pod), pod);
  assert.deepEqual(selinux.containerLabels(asking({ type: "spc_t" }), pod), {
    process: "system_u:system_r:spc_t:s0:c1,c2",
    mount: "system_u:object_r:container_file_t:s0:c1,c2",
  });
});

test("processes of privileged containers, and of pods on the host's network, are left to the policy", () => {
  const pod = selinux.podLabels(null, false, [])!;
  assert.deepEqual(selinux.containerLabels(asking({}, true), pod), { process: "", mount: pod.mount });
  const mixed = selinux.podLabels(asking({}, true), false, [])!;
  assert.match(selinux.containerLabels(asking({}), mixed)!.process, /container_t/, "not privileged itself");
  const onHost = selinux.podLabels(null, true, [])!;
  assert.equal(onHost.process, "");
  assert.equal(selinux.containerLabels(null, onHost)?.process, "");
  const labelling = new Selinux({ ...settings, hostnetworkDisableSelinux: false }, places);
  assert.match(labelling.podLabels(null, true, [])!.process, /container_t/);
});

test("what is no part of a label is refused", () => {
  const wrong: [Partial<SELinuxOption>, RegExp][] = [
    [{ type: "a:b" }, /^config\.linux\.security_context\.selinux_options\.type is "a:b": not a name/],
    [{ level: "c1" }, /\.selinux_options\.level is "c1": a level such as/],
    [{ level: "s0:c1,c2,x" }, /\.selinux_options\.level is "s0:c1,c2,x"/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(() => selinux.podLabels(asking(options), false, []), {
      code: status.INVALID_ARGUMENT,
      message,
    });
  }
});

test("nothing is labelled where crio.conf does not say so, or the kernel has no SELinux", () => {
  const lines: string[] = [];
  const restore = redirectLog((line) => lines.push(line));
  const without = [
    new Selinux({ ...settings, selinux: false }, places),
    new Selinux(settings, { ...places, filesystem: join(folder, "none") }),
  ];
  restore();
  for (const off of without) {
    assert.equal(off.podLabels(asking({ type: "a:b" }), false, []), undefined);
    assert.equal(off.readOnlyLabel, undefined);
  }
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /the kernel has no SELinux/);
});

test("a policy without labels for containers is an error that names the file", () => {
  const policies = join(folder, "other");
  mkdirSync(join(policies, "targeted/contexts"), { recursive: true });
  writeFileSync(join(policies, "config"), "");
  writeFileSync(join(policies, "targeted/contexts/lxc_contexts"), 'process = "a:b:c:s0"\n');
  assert.throws(() => new Selinux(settings, { ...places, policies }), /contexts\/lxc_contexts has no file/);
});
