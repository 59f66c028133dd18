import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { IDMapping, UserNamespace } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { outcome } from "../support/cri.ts";
import { parseLog } from "../support/cri-log.ts";
import { features } from "./endpoint.ts";
import { type Pod, type SpecContext, spec } from "./spec.ts";

const GROUP = "Security Context: UserNamespaces";
const lacking = features.userNamespaces ? undefined : "no runtime handler which supports user namespaces";

const mapping: IDMapping = { containerId: 0, hostId: 1000, length: 100_000 };

const inUserNamespace = (usernsOptions: Init<UserNamespace>) => ({
  linux: { securityContext: { namespaceOptions: { usernsOptions } } },
});

async function runPod(cri: SpecContext, options: Init<UserNamespace>, logDirectory = ""): Promise<Pod> {
  return cri.runPod({ ...inUserNamespace(options), logDirectory });
}

/** The lines of /proc/self/uid_map in a container of such a pod, blanks made one. */
async function uidMap(cri: SpecContext, options: Init<UserNamespace>): Promise<string[]> {
  const logDirectory = await cri.folder();
  const pod = await runPod(cri, options, logDirectory);
  const command = ["cat", "/proc/self/uid_map"];
  await cri.runToCompletion(pod, { ...inUserNamespace(options), command, logPath: "uid_map.log" });
  return mappingsOf(
    parseLog(await readFile(join(logDirectory, "uid_map.log"), "utf8")).map(({ text }) => text),
  );
}

const mappingsOf = (lines: string[]) =>
  lines.filter(Boolean).map((line) => line.trim().replaceAll(/\s+/g, " "));

const specify = (name: string, body: (cri: SpecContext) => Promise<void>) =>
  spec(`${GROUP} ${name}`, body, lacking);

specify("runtime should support NamespaceMode_POD", async (cri) => {
  assert.deepEqual(await uidMap(cri, { mode: "POD", uids: [mapping], gids: [mapping] }), ["0 1000 100000"]);
});

specify("runtime should support NamespaceMode_NODE", async (cri) => {
  const hosts = (await readFile("/proc/self/uid_map", "utf8")).split("\n");
  assert.deepEqual(await uidMap(cri, { mode: "NODE" }), mappingsOf(hosts));
});

const wrong: Record<string, Init<UserNamespace>> = {
  "if more than one mapping provided": both([mapping, { ...mapping, hostId: 2000 }]),
  "if container ID 0 is not mapped": both([{ ...mapping, containerId: 1 }]),
  "with NamespaceMode_CONTAINER": { mode: "CONTAINER" },
  "with NamespaceMode_TARGET": { mode: "TARGET" },
};

function both(mappings: IDMapping[]): Init<UserNamespace> {
  return { mode: "POD", uids: mappings, gids: mappings };
}

for (const [name, options] of Object.entries(wrong)) {
  specify(`runtime should fail ${name}`, async (cri) => {
    assert.notEqual(await outcome(runPod(cri, options)), "OK");
  });
}
