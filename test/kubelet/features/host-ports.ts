/** hostPort: reachable at the machine's addresses while the pod runs, and gone with it. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { get } from "node:http";
import { HTTPD } from "../../support/configs.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/free-port.ts";
import { chainsOf, iptablesChains } from "../../support/network.ts";
import { Program } from "../../support/program.ts";
import type { Feature } from "../feature.ts";
import type { KubeletNode } from "../node/kubelet-node.ts";

/** Status of a GET, or the code of the error. */
function ask(host: string, port: number): Promise<number | string> {
  return new Promise((resolve) => {
    const request = get({ host, port, timeout: 5000, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on("timeout", () => request.destroy(Object.assign(new Error(), { code: "TIMEOUT" })));
    request.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** Sends one datagram and answers what comes back; rejects where nothing does within two seconds. */
function askDatagram(host: string, port: number, text: string): Promise<string> {
  const socket = createSocket("udp4");
  return new Promise<string>((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error(`${host}:${port} does not answer`)), 2000);
    socket.on("error", reject);
    socket.on("message", (message) => {
      clearTimeout(patience);
      resolve(message.toString());
    });
    socket.send(text, port, host);
  }).finally(() => socket.close());
}

/** The bridge's own address: one of the machine's that is not loopback's. */
function bridgeAddress({ daemon }: KubeletNode): string {
  return `${daemon.network.subnet}.1`;
}

/** A server in the pod's network that sends datagrams back. */
async function echoInPod({ daemon }: KubeletNode, uid: string, port: number): Promise<AsyncDisposable> {
  const { runtime } = daemon.client;
  const { items } = await runtime.ListPodSandbox({
    filter: { labelSelector: { "io.kubernetes.pod.uid": uid } },
  });
  const { info } = await runtime.PodSandboxStatus({ podSandboxId: items[0]!.id, verbose: true });
  const server = `const socket = require("node:dgram").createSocket("udp4").bind(${port});
    socket.on("message", (text, { port, address }) => socket.send("back: " + text, port, address));`;
  return new Program("nsenter", [
    "-t",
    String(JSON.parse(info.info!).pid),
    "-n",
    process.execPath,
    "-e",
    server,
  ]);
}

async function portmapChains({ daemon }: KubeletNode, uid: string): Promise<string[]> {
  const filter = { labelSelector: { "io.kubernetes.pod.uid": uid } };
  const { items } = await daemon.client.runtime.ListPodSandbox({ filter });
  const own = items.flatMap(({ id }) => chainsOf(daemon.network, id));
  return (await iptablesChains()).filter((name) => own.includes(name));
}

const web = (ports: object[]) => ({ containers: [{ name: "web", image: HTTPD, ports }] });

export const features: readonly Feature[] = [
  {
    name: "TCP, at every address of the machine; nothing of it afterwards",
    async run(node) {
      const hostPort = await freePort();
      const pod = await node.pods.run("tcp", web([{ containerPort: 80, hostPort }]));
      try {
        await pod.untilReady();
        await eventually(async () => assert.equal(await ask("127.0.0.1", hostPort), 200), 10);
        assert.equal(await ask(bridgeAddress(node), hostPort), 200);
        assert.notDeepEqual(await portmapChains(node, pod.uid), []);
      } finally {
        await pod.remove();
      }
      assert.equal(await ask("127.0.0.1", hostPort), "ECONNREFUSED");
      assert.deepEqual(await portmapChains(node, pod.uid), []);
    },
  },
  {
    name: "UDP, there and back",
    async run(node) {
      const hostPort = await freePort();
      const ports = [{ containerPort: 7777, hostPort, protocol: "UDP" }];
      await using pod = await node.pods.run("udp", {
        containers: [{ name: "main", ports }],
      });
      await pod.untilReady();
      await using _ = await echoInPod(node, pod.uid, 7777);
      await eventually(async () => {
        assert.equal(await askDatagram(bridgeAddress(node), hostPort, "hello"), "back: hello");
      });
    },
  },
  {
    name: "hostIP: at that address only",
    async run(node) {
      const hostPort = await freePort();
      const ports = [{ containerPort: 80, hostPort, hostIP: "127.0.0.1" }];
      await using pod = await node.pods.run("host-ip", web(ports));
      await pod.untilReady();
      await eventually(async () => assert.equal(await ask("127.0.0.1", hostPort), 200), 10);
      assert.equal(await ask(bridgeAddress(node), hostPort), "ECONNREFUSED");
    },
  },
  {
    name: "the same port for TCP and UDP, and in two pods of different addresses",
    async run(node) {
      const hostPort = await freePort();
      const port = (hostIP: string, protocol = "TCP") => ({ containerPort: 80, hostPort, hostIP, protocol });
      await using first = await node.pods.run("one", web([port("127.0.0.1"), port("127.0.0.1", "UDP")]));
      await using second = await node.pods.run("two", web([port("127.0.0.2")]));
      for (const pod of [first, second]) await pod.untilReady();
      for (const host of ["127.0.0.1", "127.0.0.2"])
        await eventually(async () => assert.equal(await ask(host, hostPort), 200), 10);
      await first.remove();
      assert.equal(await ask("127.0.0.1", hostPort), "ECONNREFUSED");
      assert.equal(await ask("127.0.0.2", hostPort), 200);
    },
  },
];
