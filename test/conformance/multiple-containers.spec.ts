import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { HTTPD } from "../support/configs.ts";
import { parseLog } from "../support/cri-log.ts";
import { eventually } from "../support/eventually.ts";
import { assertAnswers, podAddress } from "./http.ts";
import { type Pod, type SpecContext, spec } from "./spec.ts";

const PREFIX = "Multiple Containers: when running multiple containers in a pod should support";

interface Pair {
  pod: Pod;
  httpd: string;
  busybox: string;
}

spec(`${PREFIX} network`, async (cri) => {
  const { pod } = await runPair(cri);
  await assertAnswers(`http://${await podAddress(cri, pod)}:80/`);
});

spec(`${PREFIX} container log`, async (cri) => {
  const { httpd, busybox } = await runPair(cri);
  await assertLogHas(cri, httpd, "httpd");
  await assertLogHas(cri, busybox, "hello World");
});

spec(`${PREFIX} container exec`, async (cri) => {
  const { httpd, busybox } = await runPair(cri);
  assert.equal(await cri.exec(httpd, "echo", "-n", "httpd"), "httpd");
  assert.equal(await cri.exec(busybox, "echo", "-n", "busybox"), "busybox");
});

async function runPair(cri: SpecContext): Promise<Pair> {
  const pod = await cri.runPod({ logDirectory: await cri.folder() });
  const httpd = await cri.runContainer(pod, { image: { image: HTTPD }, command: [], logPath: "httpd.log" });
  const command = ["sh", "-c", "echo hello World; sleep 1000"];
  const busybox = await cri.runContainer(pod, { command, logPath: "busybox.log" });
  return { pod, httpd, busybox };
}

/** ContainerStatus names the log by its path on the host. */
async function assertLogHas(cri: SpecContext, id: string, text: string): Promise<void> {
  const { logPath } = await cri.containerStatus(id);
  assert.ok(isAbsolute(logPath), `log_path ${JSON.stringify(logPath)} is absolute`);
  await eventually(async () => {
    const lines = parseLog(await readFile(logPath, "utf8"));
    assert.ok(lines.some((line) => line.text.includes(text)));
  }, 20);
}
