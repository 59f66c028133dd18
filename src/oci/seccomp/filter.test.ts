import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { SecurityProfile } from "../../cri/messages.ts";
import { checkSeccompSettings, handlerSettings, type SeccompInput, seccompFilter } from "./filter.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-seccomp-"));
after(() => rmSync(folder, { recursive: true }));

const settings = { seccompProfile: "", privilegedSeccompProfile: "" };
const nothingAsked: SeccompInput = {
  requested: null,
  privileged: false,
  capabilities: [],
  settings,
  available: true,
};
const runtimeDefault: SecurityProfile = { profileType: "RuntimeDefault", localhostRef: "" };
const localhost = (localhostRef: string): SecurityProfile => ({ profileType: "Localhost", localhostRef });

function filterFor(
  seccomp: SecurityProfile | null,
  changes: Partial<SeccompInput> = {},
  seccompProfilePath = "",
) {
  return seccompFilter({ ...nothingAsked, requested: { seccomp, seccompProfilePath }, ...changes });
}

function file(name: string, profile: object): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(profile));
  return path;
}

test("a container that does not ask is unconfined, and so is a privileged one", () => {
  assert.equal(filterFor(null), undefined);
  assert.equal(filterFor({ profileType: "Unconfined", localhostRef: "" }), undefined);
  assert.equal(seccompFilter(nothingAsked), undefined);
  assert.equal(filterFor(localhost("/nowhere.json"), { privileged: true }), undefined);
});

test("the default is critter's own, made once for each set of capabilities", () => {
  const first = filterFor(runtimeDefault, { capabilities: ["CAP_CHOWN", "CAP_KILL"] });
  assert.equal(first?.defaultAction, "SCMP_ACT_ERRNO");
  assert.equal(filterFor(runtimeDefault, { capabilities: ["CAP_KILL", "CAP_CHOWN"] }), first);
  assert.notEqual(filterFor(runtimeDefault), first);
});

test("crio.conf's profiles take the place of the default, and of none for privileged containers", () => {
  const path = file("default.json", { defaultAction: "SCMP_ACT_LOG" });
  const both = { seccompProfile: path, privilegedSeccompProfile: path };
  assert.equal(filterFor(runtimeDefault, { settings: both })?.defaultAction, "SCMP_ACT_LOG");
  assert.equal(filterFor(null, { settings: both }), undefined);
  assert.equal(filterFor(null, { settings: both, privileged: true })?.defaultAction, "SCMP_ACT_LOG");
});

test("a handler's own profile goes before that of all", () => {
  const all = { seccompProfile: "/all", privilegedSeccompProfile: "/privileged" };
  assert.deepEqual(handlerSettings(all, {}), all);
  assert.deepEqual(handlerSettings(all, { seccompProfile: "" }), all);
  assert.deepEqual(handlerSettings(all, { seccompProfile: "/own" }), { ...all, seccompProfile: "/own" });
});

test("a local profile is read again when it changes", () => {
  const path = file("changing.json", { defaultAction: "SCMP_ACT_ALLOW" });
  assert.equal(filterFor(localhost(path))?.defaultAction, "SCMP_ACT_ALLOW");
  file("changing.json", { defaultAction: "SCMP_ACT_KILL_PROCESS" });
  assert.equal(filterFor(localhost(path))?.defaultAction, "SCMP_ACT_KILL_PROCESS");
});

test("the deprecated path means the same", () => {
  const path = file("deprecated.json", { defaultAction: "SCMP_ACT_TRAP" });
  const action = (value: string) => filterFor(null, {}, value)?.defaultAction;
  assert.equal(action("unconfined"), undefined);
  assert.equal(action("runtime/default"), "SCMP_ACT_ERRNO");
  assert.equal(action("docker/default"), "SCMP_ACT_ERRNO");
  assert.equal(action(`localhost/${path}`), "SCMP_ACT_TRAP");
  assert.throws(() => action("default"), {
    code: status.INVALID_ARGUMENT,
    message: /^config\.linux\.security_context\.seccomp_profile_path is "default": /,
  });
});

test("a file that is not a profile is refused by name", () => {
  const bad = file("bad.json", { defaultAction: "SCMP_ACT_WHAT" });
  const prefix = "^config\\.linux\\.security_context\\.seccomp\\.localhost_ref is ";
  const wrong: [string, string][] = [
    ["", '"": it must be an absolute path'],
    ["relative.json", '"relative.json": it must be an absolute path'],
    [join(folder, "absent.json"), `"${folder}/absent.json": there is no file`],
    [folder, `"${folder}": there is no file`],
    [bad, `"${bad}": ${bad}: defaultAction is "SCMP_ACT_WHAT"`],
  ];
  for (const [path, message] of wrong) {
    assert.throws(() => filterFor(localhost(path)), {
      code: status.INVALID_ARGUMENT,
      message: new RegExp(prefix + message),
    });
  }
  assert.throws(() => filterFor({ ...runtimeDefault, localhostRef: bad }), {
    code: status.INVALID_ARGUMENT,
    message: /seccomp\.localhost_ref is ".*bad\.json": profile_type is not Localhost/,
  });
  const configured = { ...settings, seccompProfile: bad };
  const message = /^crio\.conf's seccomp_profile is ".*bad\.json": .*defaultAction is "SCMP_ACT_WHAT"/;
  assert.throws(() => filterFor(runtimeDefault, { settings: configured }), {
    code: status.FAILED_PRECONDITION,
    message,
  });
  assert.throws(() => checkSeccompSettings(configured), { name: "ConfigError", message });
  checkSeccompSettings(settings);
});

test("without seccomp in the kernel the default is left out, and a profile of its own refused", () => {
  const path = file("own.json", { defaultAction: "SCMP_ACT_ALLOW" });
  assert.equal(filterFor(runtimeDefault, { available: false }), undefined);
  assert.throws(() => filterFor(localhost(path), { available: false }), {
    code: status.FAILED_PRECONDITION,
    message: /seccomp\.profile_type is "Localhost": the kernel has no seccomp/,
  });
});
