import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { SecurityProfile } from "../../cri/messages.ts";
import { redirectLog } from "../../log.ts";
import { Apparmor } from "./apparmor.ts";
import { ApparmorPolicy } from "./policy.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-apparmor-"));
after(() => rmSync(folder, { recursive: true }));

const runtimeDefault: SecurityProfile = { profileType: "RuntimeDefault", localhostRef: "" };
const localhost = (localhostRef: string): SecurityProfile => ({ profileType: "Localhost", localhostRef });

/** A machine's /sys, and a parser that notes each profile it is given as loaded. */
function machine({ enabled = "Y", parses = true } = {}) {
  const sys = mkdtempSync(join(folder, "sys-"));
  const profiles = join(sys, "kernel/security/apparmor/profiles");
  mkdirSync(join(sys, "module/apparmor/parameters"), { recursive: true });
  mkdirSync(join(sys, "kernel/security/apparmor"), { recursive: true });
  writeFileSync(join(sys, "module/apparmor/parameters/enabled"), `${enabled}\n`);
  writeFileSync(profiles, "docker-default (enforce)\nmy profile (complain)\n");
  const parser = join(sys, "apparmor_parser");
  const script = parses
    ? `sed -n 's/^profile \\([^ ]*\\) .*/\\1 (enforce)/p' >> ${profiles}`
    : "echo 'syntax error' >&2; exit 1";
  writeFileSync(parser, `#!/bin/sh\n${script}\n`);
  chmodSync(parser, 0o755);
  return { profiles, find: () => ApparmorPolicy.find({ sys, parsers: ["/nowhere/parser", parser] }) };
}

test("the default profile is loaded at start, and again when somebody has unloaded it", async () => {
  const { profiles, find } = machine();
  const apparmor = new Apparmor({ apparmorProfile: "critter-default" }, find());
  await apparmor.start();
  assert.match(readFileSync(profiles, "utf8"), /^critter-default \(enforce\)$/m);
  assert.equal(await apparmor.profileOf(null), "critter-default");
  writeFileSync(profiles, "");
  const both = [apparmor.profileOf(null), apparmor.profileOf(null)];
  assert.deepEqual(await Promise.all(both), ["critter-default", "critter-default"]);
  assert.equal(readFileSync(profiles, "utf8"), "critter-default (enforce)\n");
});

test("a container has what it asks for; a privileged one that does not ask has none", async () => {
  const apparmor = new Apparmor({ apparmorProfile: "crio-default" }, machine().find());
  const of = (profile: SecurityProfile | null, privileged = false, apparmorProfile = "") =>
    apparmor.profileOf({ apparmor: profile, apparmorProfile, privileged });
  assert.equal(await of(runtimeDefault), "critter-default");
  assert.equal(await of(runtimeDefault, true), undefined);
  assert.equal(await of(null, true), undefined);
  assert.equal(await of({ profileType: "Unconfined", localhostRef: "" }), undefined);
  assert.equal(await of(localhost("my profile")), "my profile");
  assert.equal(await of(localhost("docker-default"), true), "docker-default");
  assert.equal(await of(null, false, "localhost/docker-default"), "docker-default");
  assert.equal(await of(null, false, "unconfined"), undefined);
  assert.equal(await of(null, false, "runtime/default"), "critter-default");
  const context = "config\\.linux\\.security_context";
  const wrong: [Promise<unknown>, string][] = [
    [
      of({ ...runtimeDefault, localhostRef: "x" }),
      `^${context}\\.apparmor\\.localhost_ref is "x": profile_type`,
    ],
    [of(localhost("none")), `^${context}\\.apparmor\\.localhost_ref is "none": the kernel has no such`],
    [of(localhost("my")), `^${context}\\.apparmor\\.localhost_ref is "my": the kernel has no such`],
    [of(localhost("")), `^${context}\\.apparmor\\.localhost_ref is "": a profile's name is required`],
    [of(null, false, "none"), `^${context}\\.apparmor_profile is "none": unconfined, `],
  ];
  for (const [answer, message] of wrong) {
    await assert.rejects(answer, { code: status.INVALID_ARGUMENT, message: new RegExp(message) });
  }
});

test("apparmor_profile names another default, which must be loaded, or none", async () => {
  const { find } = machine();
  const of = (apparmorProfile: string) => new Apparmor({ apparmorProfile }, find()).profileOf(null);
  assert.equal(await of("docker-default"), "docker-default");
  assert.equal(await of("unconfined"), undefined);
  await assert.rejects(of("other"), {
    code: status.FAILED_PRECONDITION,
    message: /^crio\.runtime\.apparmor_profile is "other": the kernel has no such/,
  });
});

test("without AppArmor the default is nothing, and a profile of its own refused", async () => {
  const policy = machine({ enabled: "N" }).find();
  assert.equal(policy, undefined);
  const apparmor = new Apparmor({ apparmorProfile: "critter-default" }, policy);
  await apparmor.start();
  assert.equal(await apparmor.profileOf({ apparmor: runtimeDefault, privileged: false }), undefined);
  await assert.rejects(apparmor.profileOf({ apparmor: localhost("docker-default"), privileged: false }), {
    code: status.FAILED_PRECONDITION,
    message: /security_context\.apparmor is "docker-default": AppArmor is not in use/,
  });
});

test("a profile that cannot be loaded does not keep the daemon from starting, but its containers", async () => {
  const lines: string[] = [];
  const restore = redirectLog((line) => lines.push(line));
  try {
    const apparmor = new Apparmor({ apparmorProfile: "critter-default" }, machine({ parses: false }).find());
    await apparmor.start();
    assert.match(lines.join("\n"), /default AppArmor profile cannot be loaded.*syntax error/);
    await assert.rejects(apparmor.profileOf(null), /apparmor_parser exited with code 1: syntax error/);
  } finally {
    restore();
  }
});
