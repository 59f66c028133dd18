import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import type { NamespaceOption } from "../../src/cri/messages.ts";
import { NGINX } from "../support/configs.ts";
import { parseLog } from "../support/cri-log.ts";
import { eventually } from "../support/eventually.ts";
import { type Pod, type SpecContext, spec } from "./spec.ts";

const GROUP = "Security Context: NamespaceOption runtime should support";

/** The namespaces of a container are those of its pod, as the kubelet sends them. */
const inNamespaces = (namespaceOptions: Partial<NamespaceOption>) => ({
  linux: { securityContext: { namespaceOptions } },
});

function runPod(cri: SpecContext, options: Partial<NamespaceOption>, logDirectory = ""): Promise<Pod> {
  return cri.runPod({ ...inNamespaces(options), logDirectory });
}

spec(`${GROUP} HostPID`, async (cri) => {
  const options = { pid: "NODE" } as const;
  const pod = await runPod(cri, options);
  const image = { image: NGINX };
  const nginx = await cri.runContainer(pod, { image, command: [], ...inNamespaces(options) });
  const nginxPid = await eventually(async () => {
    const pid = (await cri.exec(nginx, "cat", "/var/run/nginx.pid")).trim();
    assert.match(pid, /^\d+$/);
    return pid;
  });
  const other = await cri.runContainer(pod, inNamespaces(options));
  assert.ok((await cri.exec(other, "pidof", "nginx")).split(/\s+/).includes(nginxPid));
});

for (const [mode, sees] of [
  ["NODE", true],
  ["POD", false],
] as const) {
  spec(`${GROUP} HostIpc is ${sees}`, async (cri) => {
    const segment = /\d+/.exec(execFileSync("ipcmk", ["-M", "1048576"], { encoding: "utf8" }))?.[0] as string;
    cri.onCleanUp(async () => execFileSync("ipcrm", ["-m", segment]));
    const options = { ipc: mode };
    const container = await cri.runContainer(await runPod(cri, options), inNamespaces(options));
    const ids = (await cri.exec(container, "ipcs", "-m")).split("\n").map((line) => line.split(/\s+/)[1]);
    assert.equal(ids.includes(segment), sees);
  });
}

for (const [name, pid, isFirst] of [
  ["PodPID", "POD", false],
  ["ContainerPID", "CONTAINER", true],
] as const) {
  spec(`${GROUP} ${name}`, async (cri) => {
    const image = { image: NGINX };
    const pod = await runPod(cri, { pid });
    const nginx = await cri.runContainer(pod, { image, command: [], ...inNamespaces({ pid }) });
    await eventually(async () => {
      const processes = await cri.exec(nginx, "sh", "-c", "cat /proc/[0-9]*/cmdline");
      assert.match(processes, /master process/);
    });
    assert.equal((await cri.exec(nginx, "cat", "/proc/1/cmdline")).includes("master process"), isFirst);
  });
}

for (const [network, sees] of [
  ["NODE", true],
  ["POD", false],
] as const) {
  spec(`${GROUP} HostNetwork is ${sees}`, async (cri) => {
    const server = createServer().listen(0, "127.0.0.1");
    cri.onCleanUp(async () => server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const logDirectory = await cri.folder();
    const pod = await runPod(cri, { network }, logDirectory);
    const command = ["netstat", "-ln"];
    await cri.runToCompletion(pod, { command, logPath: "log", ...inNamespaces({ network }) });
    const lines = parseLog(await readFile(join(logDirectory, "log"), "utf8"));
    assert.equal(
      lines.some(({ text }) => text.includes(`:${port} `)),
      sees,
    );
  });
}
