import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { BUSYBOX } from "../support/configs.ts";
import { testRuntime } from "../support/daemon.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const bin = join(import.meta.dirname, "..", "..", "bin");

/** What bash offers for `line`, with the script that `critter completion bash` prints, as a user has it. */
function inBash(line: string): Promise<string[]> {
  const script = `source <(critter completion bash)
COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDBREAKS=
_critter
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  return new Promise((resolve, reject) => {
    execFile("bash", ["-c", script, "bash", line], { env }, (error, stdout, stderr) =>
      error || stderr ? reject(error ?? new Error(stderr)) : resolve(stdout.split("\n").filter(Boolean)),
    );
  });
}

describe("critter completion", () => {
  const parts = suite();

  it("offers the names of pods, containers, images and handlers of the daemon that the line names", async () => {
    const { daemon } = parts;
    const metadata = { name: "web", namespace: "completion", uid: "uid-of-web", attempt: 0 };
    await using pod = await livePod(daemon, { metadata, linux: { cgroupParent: daemon.cgroupBelow("web") } });
    await pod.run({ metadata: { name: "main", attempt: 0 }, command: ["sleep", "1000"] });

    const socket = `--socket ${daemon.socket}`;
    const config = `--config=${daemon.configFile}`;
    assert.deepEqual(await inBash(`critter inspect ${socket} compl`), [
      "completion/web",
      "completion/web/main",
    ]);
    assert.ok((await inBash(`critter inspect ${config} `)).includes(BUSYBOX));
    assert.deepEqual(await inBash(`critter run ${config} ${BUSYBOX.slice(0, -1)}`), [BUSYBOX]);
    assert.deepEqual(await inBash(`critter run ${socket} --runtime `), [testRuntime]);
  });

  it("offers nothing, and says nothing, where no daemon answers", async () => {
    assert.deepEqual(await inBash("critter inspect --socket /nowhere/critter.sock "), []);
  });
});
