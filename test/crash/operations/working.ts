/** Whether pods and containers work: a program answers in them, from inside and over the network. */
import assert from "node:assert/strict";
import type { ContainerConfig } from "../../../src/cri/messages.ts";
import type { Init } from "../../../src/cri/proto.ts";
import { eventually } from "../../support/eventually.ts";
import { containerStatus } from "../../support/pods.ts";
import type { CrashBed } from "../bed.ts";

const greeting = "at your service";

/** A container that serves HTTP on port 80, and ends with 3 when it is told to. */
export const server: Init<ContainerConfig> = {
  metadata: { name: "server", attempt: 0 },
  command: [
    "sh",
    "-c",
    `echo ${greeting} >/tmp/index.html; busybox httpd -p 80 -h /tmp; ${waitsFor("TERM", 3)}`,
  ],
};

function waitsFor(signal: string, code: number): string {
  return `trap 'exit ${code}' ${signal}; while true; do sleep 0.05; done`;
}

/** Fails unless the container runs, a command can be run in it, and it answers over the pod's network. */
export async function assertServes(bed: CrashBed, podSandboxId: string, containerId: string): Promise<void> {
  const { runtime } = bed.daemon.client;
  assert.equal((await containerStatus(bed.daemon, containerId)).state, "CONTAINER_RUNNING");
  const { stdout } = await runtime.ExecSync({ containerId, cmd: ["echo", "inside"], timeout: 20 });
  assert.equal(stdout.toString(), "inside\n");
  const { status } = await runtime.PodSandboxStatus({ podSandboxId });
  assert.equal(status?.state, "SANDBOX_READY");
  await assertAnswers(`http://${status.network?.ip}:80/index.html`);
}

async function assertAnswers(url: string): Promise<void> {
  // The program begins when it is started, and listens a moment later.
  await eventually(async () => {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) });
    assert.equal(await answer.text(), `${greeting}\n`);
  }, 5);
}
