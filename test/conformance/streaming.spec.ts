import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { PortForward, StreamClient, TRANSPORTS, type Transport } from "../stream-client/client.ts";
import { NGINX } from "../support/configs.ts";
import { cgroupParent, runtime } from "./endpoint.ts";
import { assertAnswers } from "./http.ts";
import { type Pod, type SpecContext, spec } from "./spec.ts";

const HOST_NETWORK_NGINX = "gcr.io/k8s-staging-cri-tools/hostnet-nginx-amd64:latest";
const HOST_NETWORK_PORT = 12003;

const specs: Record<string, (cri: SpecContext, transport: Transport) => Promise<void>> = {
  "runtime should support exec with tty=false and stdin=false [Conformance]": async (cri, transport) => {
    const container = await cri.runContainer(await cri.runPod());
    await using client = start(transport, "exec", container, "echo", "hello");
    const { stdout, stderr, code } = await client.ended;
    assert.deepEqual([stdout.toString(), stderr, code], ["hello\n", "", 0]);
  },

  "runtime should support exec with tty=true and stdin=true [Conformance]": async (cri, transport) => {
    const container = await cri.runContainer(await cri.runPod());
    await using client = start(transport, "exec", "-it", container, "echo", "hello");
    const { stdout, stderr, code } = await client.ended;
    assert.deepEqual([stdout.toString(), stderr, code], ["hello\r\n", "", 0]);
  },

  "runtime should support attach [Conformance]": async (cri, transport) => {
    const shell = { command: ["/bin/sh"], stdin: true, stdinOnce: true };
    const container = await cri.runContainer(await cri.runPod(), shell);
    await using client = start(transport, "attach", "-i", container);
    client.stdin.write("echo hello\n");
    await client.says(/hello\n/);
    await sleep(3000);
    assert.equal(client.text, "hello\n", "nothing more comes in three seconds");
    client.stdin.end();
    const { stderr, code } = await client.ended;
    assert.deepEqual([stderr, code], ["", 0]);
  },

  "runtime should support portforward [Conformance]": async (cri, transport) => {
    const pod = await cri.runPod({ portMappings: [{ containerPort: 80 }] });
    await cri.runContainer(pod, { image: { image: NGINX }, command: [] });
    await assertForwards(pod, transport, 80);
  },

  "runtime should support portforward in host network": async (cri, transport) => {
    const pod = await cri.runPod({
      portMappings: [{ containerPort: HOST_NETWORK_PORT }],
      linux: { cgroupParent, securityContext: { namespaceOptions: { network: "NODE" } } },
    });
    await cri.runContainer(pod, { image: { image: HOST_NETWORK_NGINX }, command: [] });
    await assertAnswers(`http://127.0.0.1:${HOST_NETWORK_PORT}/`);
    await assertForwards(pod, transport, HOST_NETWORK_PORT);
  },
};

for (const transport of TRANSPORTS) {
  // critest's --websocket-exec, --websocket-attach and --websocket-portforward. containerd has no WebSocket for its clients.
  const suffix = transport === "websocket" ? " (WebSocket)" : "";
  if (suffix && runtime === "containerd") continue;
  for (const [name, body] of Object.entries(specs)) {
    spec(`Streaming: ${name}${suffix}`, (cri) => body(cri, transport));
  }
}

function start(transport: Transport, command: string, ...args: string[]): StreamClient {
  return new StreamClient(
    process.env.CONTAINER_RUNTIME_ENDPOINT!,
    command,
    "--transport",
    transport,
    ...args,
  );
}

async function assertForwards(pod: Pod, transport: Transport, port: number): Promise<void> {
  const endpoint = process.env.CONTAINER_RUNTIME_ENDPOINT!;
  await using forward = await PortForward.start(endpoint, transport, pod.id, port);
  await assertAnswers(`http://127.0.0.1:${forward.ports[0]}/`);
}
