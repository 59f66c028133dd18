/** AppArmor: in full where the kernel has it and apparmor_parser is there; elsewhere that nothing is promised. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { LinuxContainerSecurityContext } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { ApparmorPolicy } from "../../src/oci/apparmor/policy.ts";
import { refusal } from "../support/cri.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const confines = ApparmorPolicy.find() !== undefined;
const parts = suite();

const withContext = (securityContext: Init<LinuxContainerSecurityContext>) => ({
  linux: { securityContext },
});
const localhost = (localhostRef: string) => ({
  apparmor: { profileType: "Localhost" as const, localhostRef },
});

describe("AppArmor", { skip: !confines && "this kernel has no AppArmor" }, () => {
  const name = `critter-test-${process.pid}`;
  const rules = "capability, file, network, ptrace, signal, deny /** w,";
  const profile = `profile ${name} flags=(attach_disconnected) { ${rules} }\n`;
  const parser = (option: string) => execFileSync("apparmor_parser", ["-K", option], { input: profile });

  before(() => parser("-r"));
  after(() => parser("-R"));

  /** The profile of the container's processes, those of execs included. */
  async function confinement(pod: LivePod, context: Init<LinuxContainerSecurityContext>): Promise<string> {
    const id = await pod.run(withContext({ ...context, namespaceOptions: { pid: "CONTAINER" } }));
    const [first, second] = (await pod.sh(id, "cat /proc/1/attr/current /proc/self/attr/current")).split(
      "\n",
    );
    assert.equal(second, first);
    return profileOf(first as string);
  }

  /** Without its mode and the runtime's own profile, which confines nothing, and upon which crun stacks a container's. */
  function profileOf(label: string): string {
    const name = label.trim().replace(/ \(\w+\)$/, "");
    return /^(crun|runc)$/.test(name) ? "unconfined" : name.replace(/\/\/&(crun|runc)$/, "");
  }

  it("is critter's own profile where nothing is asked for, of the pause process too", async () => {
    await using pod = await livePod(parts.daemon);
    const own = "critter-default";
    assert.equal(await confinement(pod, {}), own);
    assert.equal(await confinement(pod, { apparmor: { profileType: "RuntimeDefault" } }), own);
    assert.equal(await confinement(pod, { apparmorProfile: "runtime/default" }), own);
    assert.equal(profileOf(readFileSync(`/proc/${(await pod.verbose()).pid}/attr/current`, "utf8")), own);
  });

  it("which lets ordinary programs work, and denies mounts, /proc and /sys even to those with CAP_SYS_ADMIN", async () => {
    await using pod = await livePod(parts.daemon);
    const context = { capabilities: { addCapabilities: ["SYS_ADMIN"] }, maskedPaths: [], readonlyPaths: [] };
    const id = await pod.run(withContext(context));
    await pod.sh(id, "touch /file /dev/shm/file && kill -0 1 && echo 0 > /proc/sys/kernel/shm_rmid_forced");
    for (const denied of [
      "mount -t tmpfs none /tmp",
      "echo 0 > /proc/sys/kernel/panic",
      "echo 1 > /proc/sys/vm/drop_caches",
      "echo h > /proc/sysrq-trigger",
      "head -c 1 /proc/kcore",
    ]) {
      await assert.rejects(pod.sh(id, denied), /denied|are you root/, denied);
    }
  });

  it("is another loaded profile by name, or none; a privileged container has none unless it asks", async () => {
    const { cgroupParent } = parts.daemon;
    const privileged = { linux: { cgroupParent, securityContext: { privileged: true } } };
    await using pod = await livePod(parts.daemon, privileged);
    assert.equal(await confinement(pod, localhost(name)), name);
    assert.equal(await confinement(pod, { apparmorProfile: `localhost/${name}` }), name);
    assert.equal(await confinement(pod, { apparmor: { profileType: "Unconfined" } }), "unconfined");
    assert.equal(await confinement(pod, { privileged: true }), "unconfined");
    assert.equal(await confinement(pod, { privileged: true, ...localhost(name) }), name);
    const id = await pod.run(withContext(localhost(name)));
    await assert.rejects(pod.sh(id, "touch /file"), /denied/);
  });

  it("a profile that is not loaded is refused by name", async () => {
    await using pod = await livePod(parts.daemon);
    const refused = refusal(
      "INVALID_ARGUMENT",
      /apparmor\.localhost_ref is "not-there": the kernel has no such/,
    );
    await assert.rejects(pod.create(withContext(localhost("not-there"))), refused);
  });

  it("the default profile is loaded again when somebody has unloaded it", async () => {
    await using pod = await livePod(parts.daemon);
    execFileSync("apparmor_parser", ["-R"], { input: "profile critter-default { }\n" });
    assert.equal(await confinement(pod, {}), "critter-default");
  });
});

describe("without AppArmor", { skip: confines && "this kernel has AppArmor" }, () => {
  it("the default is nothing, and a profile of its own refused", async () => {
    await using pod = await livePod(parts.daemon);
    await pod.run(withContext({ apparmor: { profileType: "RuntimeDefault" } }));
    const refused = refusal("FAILED_PRECONDITION", /apparmor is "some": AppArmor is not in use/);
    await assert.rejects(pod.create(withContext(localhost("some"))), refused);
    await assert.rejects(pod.create(withContext({ apparmorProfile: "localhost/some" })), refused);
  });
});
