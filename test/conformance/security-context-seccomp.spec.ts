import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SecurityProfile } from "../../src/cri/messages.ts";
import { type SpecContext, spec } from "./spec.ts";

const GROUP = "Security Context: SeccompProfilePath";

const unconfined: Partial<SecurityProfile> = { profileType: "Unconfined" };

/** A profile that denies these system calls and allows all others. */
async function denying(cri: SpecContext, ...names: string[]): Promise<Partial<SecurityProfile>> {
  const localhostRef = join(await cri.folder(), "profile.json");
  const syscalls = [{ names, action: "SCMP_ACT_ERRNO" }];
  await writeFile(localhostRef, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls }));
  return { profileType: "Localhost", localhostRef };
}

/** A container with the profile, in a pod with the same. */
async function run(cri: SpecContext, seccomp: Partial<SecurityProfile> | null): Promise<string> {
  const linux = { securityContext: { seccomp } };
  return cri.runContainer(await cri.runPod({ linux }), { linux });
}

async function mode(cri: SpecContext, id: string): Promise<string | undefined> {
  return /^Seccomp:\s*(\d)$/m.exec(await cri.exec(id, "grep", "Seccomp:", "/proc/self/status"))?.[1];
}

spec(`${GROUP} should support seccomp unconfined on the container`, async (cri) => {
  assert.equal(await mode(cri, await run(cri, unconfined)), "0");
});

spec(`${GROUP} should support seccomp localhost profile on the container`, async (cri) => {
  const containerId = await run(cri, await denying(cri, "chmod", "fchmodat"));
  const cmd = ["chmod", "400", "/"];
  const { exitCode, stderr } = await cri.runtime.ExecSync({ containerId, cmd, timeout: 10 });
  assert.notEqual(exitCode, 0);
  assert.match(stderr.toString(), /Operation not permitted/);
});

spec(`${GROUP} should support seccomp default on the container`, async (cri) => {
  assert.equal(await mode(cri, await run(cri, {})), "2");
});

spec(`${GROUP} should support nil profile, which is unconfined`, async (cri) => {
  assert.equal(await mode(cri, await run(cri, null)), "0");
});

/** Whether a container with `seccomp` and either CAP_SYS_ADMIN or every privilege can set its hostname. */
async function setsHostname(
  cri: SpecContext,
  seccomp: Partial<SecurityProfile>,
  privileged: boolean,
): Promise<boolean> {
  const pod = await cri.runPod({ linux: { securityContext: { privileged } } });
  const capabilities = { addCapabilities: privileged ? [] : ["SYS_ADMIN"] };
  const containerId = await cri.runContainer(pod, {
    linux: { securityContext: { seccomp, privileged, capabilities } },
  });
  const cmd = ["hostname", "ANewHostName"];
  return (await cri.runtime.ExecSync({ containerId, cmd, timeout: 10 })).exitCode === 0;
}

spec(
  `${GROUP} runtime should not block setting host name with unconfined seccomp and SYS_ADMIN`,
  async (cri) => {
    assert.equal(await setsHostname(cri, unconfined, false), true);
  },
);

spec(
  `${GROUP} runtime should support an seccomp profile that blocks setting hostname with SYS_ADMIN`,
  async (cri) => {
    assert.equal(await setsHostname(cri, await denying(cri, "sethostname"), false), false);
  },
);

spec(
  `${GROUP} runtime should ignore a seccomp profile that blocks setting hostname when privileged`,
  async (cri) => {
    assert.equal(await setsHostname(cri, await denying(cri, "sethostname"), true), true);
  },
);
