import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseLog } from "../support/cri-log.ts";
import { eventually } from "../support/eventually.ts";
import { type SpecContext, spec } from "./spec.ts";

spec("Container: runtime should support starting container with volume", async (cri) => {
  const folder = await folderWithFile(cri);
  await assertMounted(cri, folder);
});

spec(
  "Container: runtime should support starting container with volume when host path is a symlink",
  async (cri) => {
    const link = join(await cri.folder(), "link");
    await symlink(await folderWithFile(cri), link);
    await assertMounted(cri, link);
  },
);

spec("Container: runtime should support starting container with log", async (cri) => {
  const logDirectory = await cri.folder();
  const pod = await cri.runPod({ logDirectory });
  await cri.runToCompletion(pod, { command: ["echo", "hello World"], logPath: "hello.log" });
  const lines = parseLog(await readFile(join(logDirectory, "hello.log"), "utf8"));
  assert.ok(lines.some(({ stream, text }) => stream === "stdout" && text === "hello World"));
});

spec("Container: runtime should support reopening container log", async (cri) => {
  const logDirectory = await cri.folder();
  const log = join(logDirectory, "hello.log");
  const pod = await cri.runPod({ logDirectory });
  const command = ["sh", "-c", "while true; do echo hello World; sleep 1; done"];
  const containerId = await cri.runContainer(pod, { command, logPath: "hello.log" });
  await eventually(() => assertHasLines(log));

  await rename(log, `${log}.1`);
  await cri.runtime.ReopenContainerLog({ containerId });
  assert.ok(existsSync(log), "the new log is there when the call returns");
  const { size } = await stat(`${log}.1`);
  await eventually(() => assertHasLines(log));
  await sleep(5000);
  assert.equal((await stat(`${log}.1`)).size, size, "the renamed log grows no more");
});

async function assertHasLines(log: string): Promise<void> {
  assert.ok(parseLog(await readFile(log, "utf8")).length > 0);
}

async function folderWithFile(cri: SpecContext): Promise<string> {
  const folder = join(await cri.folder(), "volume");
  await mkdir(folder);
  await writeFile(join(folder, "flag"), "seen from inside\n");
  return folder;
}

/** Mounts `path` at the same path of a container and looks at it from inside. */
async function assertMounted(cri: SpecContext, path: string): Promise<void> {
  const pod = await cri.runPod();
  const mounts = [{ hostPath: path, containerPath: path, selinuxRelabel: true }];
  const container = await cri.runContainer(pod, { mounts });
  assert.equal(await cri.exec(container, "ls", "-A", path), "flag\n");
}
