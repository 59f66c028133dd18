import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { before, test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { LinuxContainerSecurityContext } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { outcome } from "../support/cri.ts";
import { spec } from "./spec.ts";

const ENABLED = "/sys/module/apparmor/parameters/enabled";
const confines = existsSync(ENABLED) && readFileSync(ENABLED, "utf8").startsWith("Y");

const profile = (name: string, rule: string) =>
  `profile ${name} flags=(attach_disconnected) {\n  capability,\n  file,\n  network,\n  ptrace,\n  signal,\n  ${rule}\n}\n`;
const DENY = "critter-conformance-deny-write";
const AUDIT = "critter-conformance-audit-write";
const ABSENT = "non-existent-profile";

before(() => {
  if (!confines) return;
  const input = `${profile(DENY, "deny /** w,")}${profile(AUDIT, "audit /** w,")}`;
  execFileSync("apparmor_parser", ["-r", "-K"], { input });
});

type Context = Init<LinuxContainerSecurityContext>;

const deprecated = (name: string): Context => ({ apparmorProfile: `localhost/${name}` });
const field = (name: string): Context => ({
  apparmor: { profileType: "Localhost", localhostRef: `localhost/${name}` },
});
const preferred = (name: string): Context => ({ ...field(name), ...deprecated(ABSENT) });

const group = "AppArmor: runtime should";
const specs: [name: string, context: Context, ends: "no container" | "fails" | "succeeds"][] = [
  [
    "support deprecated apparmor_profile field should fail with an unloaded apparmor_profile",
    deprecated(ABSENT),
    "no container",
  ],
  [
    "support deprecated apparmor_profile field should enforce a apparmor_profile blocking writes",
    deprecated(DENY),
    "fails",
  ],
  [
    "support deprecated apparmor_profile field should enforce a permissive deprecated profile",
    deprecated(AUDIT),
    "succeeds",
  ],
  ["support apparmor field should fail with an unloaded apparmor_profile", field(ABSENT), "no container"],
  ["support apparmor field should enforce a apparmor_profile blocking writes", field(DENY), "fails"],
  ["support apparmor field should enforce a permissive deprecated profile", field(AUDIT), "succeeds"],
  [
    "prefer new apparmor field should fail with an unloaded apparmor_profile",
    preferred(ABSENT),
    "no container",
  ],
  ["prefer new apparmor field should enforce a apparmor_profile blocking writes", preferred(DENY), "fails"],
  ["prefer new apparmor field should work with apparmor profile", preferred(AUDIT), "succeeds"],
];

for (const [name, securityContext, ends] of specs) {
  if (!confines) {
    test(`${group} ${name}`, { skip: "this kernel has no AppArmor" });
    continue;
  }
  spec(`${group} ${name}`, async (cri) => {
    const pod = await cri.runPod();
    const changes = { command: ["touch", "/tmp/foo"], linux: { securityContext } };
    if (ends === "no container") {
      assert.notEqual(await outcome(cri.createContainer(pod, changes)), status[status.OK]);
      return;
    }
    const { exitCode } = await cri.runToCompletion(pod, changes);
    assert.equal(exitCode === 0, ends === "succeeds");
  });
}
