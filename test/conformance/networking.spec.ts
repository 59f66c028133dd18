import assert from "node:assert/strict";
import { NGINX } from "../support/configs.ts";
import { assertAnswers, podAddress } from "./http.ts";
import { spec } from "./spec.ts";

/** The port of the host that critest takes. */
const HOST_PORT = 12000;

spec("Networking: runtime should support DNS config", async (cri) => {
  const dnsConfig = { servers: ["10.10.10.10"], searches: ["google.com"], options: ["ndots:8"] };
  const container = await cri.runContainer(await cri.runPod({ dnsConfig }));
  const lines = (await cri.exec(container, "cat", "/etc/resolv.conf")).split("\n");
  for (const line of ["nameserver 10.10.10.10", "search google.com", "options ndots:8"]) {
    assert.ok(lines.includes(line), `resolv.conf has ${JSON.stringify(line)}`);
  }
});

spec("Networking: runtime should support set hostname", async (cri) => {
  const container = await cri.runContainer(await cri.runPod({ hostname: "test-hostname" }));
  assert.equal((await cri.exec(container, "hostname")).trim(), "test-hostname");
});

spec("Networking: runtime should support port mapping with only container port", async (cri) => {
  const pod = await cri.runPod({ portMappings: [{ containerPort: 80 }] });
  await cri.runContainer(pod, { image: { image: NGINX }, command: [] });
  await assertAnswers(`http://${await podAddress(cri, pod)}:80/`);
});

spec("Networking: runtime should support port mapping with host port and container port", async (cri) => {
  const pod = await cri.runPod({ portMappings: [{ containerPort: 80, hostPort: HOST_PORT }] });
  await cri.runContainer(pod, { image: { image: NGINX }, command: [] });
  await assertAnswers(`http://127.0.0.1:${HOST_PORT}/`);
});
