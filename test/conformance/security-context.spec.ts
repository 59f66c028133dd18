import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import type { Capability, LinuxContainerSecurityContext } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { outcome } from "../support/cri.ts";
import { type LogLine, parseLog } from "../support/cri-log.ts";
import { eventually } from "../support/eventually.ts";
import { type SpecContext, spec } from "./spec.ts";

const GROUP = "Security Context: bucket runtime should";
const PREDEFINED_GROUP = "gcr.io/k8s-staging-cri-tools/test-image-predefined-group";
const NO_NEW_PRIVILEGES = "registry.k8s.io/e2e-test-images/nonewprivs:1.3";

type Context = Init<LinuxContainerSecurityContext>;

/** A container that runs with `securityContext` in a pod of its own. */
async function run(cri: SpecContext, securityContext: Context): Promise<string> {
  const privileged = securityContext.privileged ?? false;
  const pod = await cri.runPod({ linux: { securityContext: { privileged } } });
  return cri.runContainer(pod, { linux: { securityContext } });
}

/** What a container with `securityContext` logs until its end. */
async function log(
  cri: SpecContext,
  securityContext: Context,
  command: string[],
  image?: string,
): Promise<LogLine[]> {
  const logDirectory = await cri.folder();
  const pod = await cri.runPod({ logDirectory });
  const linux = { securityContext };
  await cri.runToCompletion(pod, { command, linux, logPath: "log", ...(image && { image: { image } }) });
  return parseLog(await readFile(join(logDirectory, "log"), "utf8"));
}

async function fails(cri: SpecContext, containerId: string, ...cmd: string[]) {
  const { stdout, stderr, exitCode } = await cri.runtime.ExecSync({ containerId, cmd, timeout: 10 });
  assert.notEqual(exitCode, 0, `exit code of ${cmd.join(" ")}`);
  return { stdout: stdout.toString(), stderr: stderr.toString() };
}

spec(`${GROUP} support SupplementalGroups`, async (cri) => {
  const id = await run(cri, { supplementalGroups: [1234, 5678] });
  const groups = (await cri.exec(id, "id", "-G")).trim().split(" ");
  assert.ok(groups.includes("1234") && groups.includes("5678"), groups.join());
});

spec(`${GROUP} support RunAsUser`, async (cri) => {
  const id = await run(cri, { runAsUser: { value: 1001 } });
  assert.equal(await cri.exec(id, "id", "-u"), "1001\n");
});

spec(`${GROUP} support RunAsUserName`, async (cri) => {
  const id = await run(cri, { runAsUsername: "nobody" });
  assert.equal(await cri.exec(id, "id", "-nu"), "nobody\n");
});

spec(`${GROUP} support RunAsGroup`, async (cri) => {
  const context = { runAsUser: { value: 1001 }, runAsGroup: { value: 1002 } };
  const [line] = await log(cri, context, ["sh", "-c", "echo $(id -u):$(id -g)"]);
  assert.equal(line?.text, "1001:1002");
});

spec(`${GROUP} return error if RunAsGroup is set without RunAsUser`, async (cri) => {
  const linux = { securityContext: { runAsGroup: { value: 1002 } } };
  const creating = cri.createContainer(await cri.runPod(), { linux });
  assert.notEqual(await outcome(creating), status[status.OK]);
});

for (const readonlyRootfs of [false, true]) {
  spec(`${GROUP} support that ReadOnlyRootfs is ${readonlyRootfs}`, async (cri) => {
    const command = ["sh", "-c", "touch test.go && [ -f test.go ] && echo 'Found'"];
    const lines = await log(cri, { readonlyRootfs }, command);
    const { stream, text } = lines[0] as LogLine;
    const right = readonlyRootfs ? ["stderr", "touch: test.go: Read-only file system"] : ["stdout", "Found"];
    assert.deepEqual([stream, text], right);
  });
}

const addBridge = ["brctl", "addbr", "foobar"];

spec(`${GROUP} support Privileged is true`, async (cri) => {
  await cri.exec(await run(cri, { privileged: true }), ...addBridge);
});

spec(`${GROUP} support Privileged is false`, async (cri) => {
  await fails(cri, await run(cri, { privileged: false }), ...addBridge);
});

const withCapabilities = (cri: SpecContext, capabilities: Partial<Capability>) => run(cri, { capabilities });
const boundingSet = async (cri: SpecContext, id: string) =>
  /^CapBnd:\s*(\w+)$/m.exec(await cri.exec(id, "cat", "/proc/self/status"))?.[1];

spec(`${GROUP} support adding capability`, async (cri) => {
  await cri.exec(await withCapabilities(cri, { addCapabilities: ["NET_ADMIN"] }), ...addBridge);
  await fails(cri, await run(cri, {}), ...addBridge);
});

spec(`${GROUP} support dropping capability`, async (cri) => {
  const id = await withCapabilities(cri, { dropCapabilities: ["NET_RAW"] });
  const { stdout, stderr } = await fails(cri, id, "ping", "127.0.0.1");
  assert.notEqual(stdout, "");
  assert.match(stderr, /permission denied/);
});

spec(`${GROUP} support adding ALL capabilities`, async (cri) => {
  const id = await withCapabilities(cri, { addCapabilities: ["ALL"] });
  assert.notEqual(await boundingSet(cri, id), "0000000000000000");
});

spec(`${GROUP} support dropping ALL capabilities`, async (cri) => {
  const id = await withCapabilities(cri, { dropCapabilities: ["ALL"] });
  assert.equal(await boundingSet(cri, id), "0000000000000000");
});

spec(`${GROUP} support MaskedPaths`, async (cri) => {
  const { stderr } = await fails(cri, await run(cri, { maskedPaths: ["/bin/ls"] }), "/bin/sh", "-c", "ls");
  assert.equal(stderr, "/bin/sh: ls: Permission denied\n");
});

spec(`${GROUP} support ReadonlyPaths`, async (cri) => {
  const { stderr } = await fails(cri, await run(cri, { readonlyPaths: ["/tmp"] }), "touch", "/tmp/test");
  assert.equal(stderr, "touch: /tmp/test: Read-only file system\n");
});

const policies = [
  [
    "Merge",
    "Security Context: SupplementalGroupsPolicy=Merge (Default) if the container's primary UID belongs to some groups in the image, runtime should add SupplementalGroups to them",
    [1000, 1234, 50000],
  ],
  [
    "Strict",
    "Security Context: SupplementalGroupsPolicy=Strict even if the container's primary UID belongs to some groups in the image, runtime should not add SupplementalGroups to them",
    [1000, 1234],
  ],
] as const;

for (const [supplementalGroupsPolicy, name, groups] of policies) {
  spec(name, async (cri) => {
    const logDirectory = await cri.folder();
    const pod = await cri.runPod({ logDirectory });
    const id = await cri.runContainer(pod, {
      image: { image: PREDEFINED_GROUP },
      command: ["sh", "-c", "id -G; sleep infinity"],
      linux: {
        securityContext: { runAsUser: { value: 1000 }, supplementalGroups: [1234], supplementalGroupsPolicy },
      },
      logPath: "log",
    });
    const { uid, gid, supplementalGroups } = (await cri.containerStatus(id)).user?.linux ?? {};
    assert.deepEqual([uid, gid].map(Number), [1000, 1000]);
    assert.deepEqual(supplementalGroups?.map(Number).sort(ascending), [...groups]);
    const printed = groups.join(" ");
    await eventually(async () => {
      assert.equal(parseLog(await readFile(join(logDirectory, "log"), "utf8"))[0]?.text, printed);
    });
    assert.equal(await cri.exec(id, "id", "-G"), `${printed}\n`);
  });
}

for (const [noNewPrivs, name, uid] of [
  [true, "should not allow privilege escalation when true", 1000],
  [false, "should allow privilege escalation when false", 0],
] as const) {
  spec(`Security Context: NoNewPrivs ${name}`, async (cri) => {
    const lines = await log(cri, { noNewPrivs, runAsUser: { value: 1000 } }, [], NO_NEW_PRIVILEGES);
    assert.equal(lines[0]?.text, `Effective uid: ${uid}`);
  });
}

function ascending(a: number, b: number): number {
  return a - b;
}
