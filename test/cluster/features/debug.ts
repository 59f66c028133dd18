/** kubectl debug: containers that come later, copies of pods, a pod with the node's own file system. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { BUSYBOX } from "../../support/configs.ts";
import type { Feature } from "../feature.ts";
import { NODE_NAME } from "../node/cluster.ts";
import { atTerminal, PROMPT } from "../node/terminal.ts";

const IMAGE = `--image=${BUSYBOX}`;

export const features: readonly Feature[] = [
  {
    name: "an ephemeral container at a terminal sees the processes of its target",
    async run(cluster) {
      await using namespace = await cluster.namespace("debug");
      const command = ["sleep", "1234567"];
      await namespace.runPod("tried", { containers: [{ name: "main", command }] });
      const words = ["debug", "-it", "tried", IMAGE, "--target=main", "--container=debugger", "--", "sh"];
      const { screen } = await atTerminal(namespace.kubectl, words, [
        [PROMPT, "tr '\\0' ' ' < /proc/1/cmdline"],
        [PROMPT, "exit"],
      ]);
      assert.match(screen, /sleep 1234567/);
      const { status } = await namespace.kubectl.get("pod/tried");
      assert.equal(status.ephemeralContainerStatuses[0].name, "debugger");
      assert.equal(status.containerStatuses[0].restartCount, 0);
    },
  },
  {
    name: "--copy-to makes a copy of a pod with one container more, which shares its processes",
    async run(cluster) {
      await using namespace = await cluster.namespace("debug-copy");
      const { kubectl } = namespace;
      const command = ["sleep", "7654321"];
      await namespace.runPod("tried", { containers: [{ name: "main", command }] });
      const words = [
        "debug",
        "tried",
        IMAGE,
        "--copy-to=copied",
        "--share-processes",
        "--container=debugger",
      ];
      await kubectl.run([...words, "--", "sleep", "1000000"]);
      await kubectl.wait("condition=Ready", "pod/copied");
      const processes = await kubectl.run(["exec", "copied", "--container=debugger", "--", "ps"]);
      assert.match(processes, /sleep 7654321/);
      assert.match(processes, /\bpause\b/);
    },
  },
  {
    name: "a node is looked at by a pod with its namespaces and its file system",
    async run(cluster) {
      await using namespace = await cluster.namespace("debug-node");
      const { kubectl } = namespace;
      const script = "readlink /proc/self/ns/net; cat /host/etc/os-release";
      const words = ["debug", `node/${NODE_NAME}`, IMAGE, "--profile=sysadmin"];
      await kubectl.run([...words, "--", "sh", "-c", script]);
      const { items } = await kubectl.get<{ items: { metadata: { name: string } }[] }>("pods");
      const [pod] = items.map(({ metadata }) => metadata.name);
      await kubectl.wait("jsonpath={.status.phase}=Succeeded", `pod/${pod}`);
      const log = await kubectl.run(["logs", pod!]);
      assert.ok(log.includes(readFileSync("/etc/os-release", "utf8").trim()), log);
      assert.match(log, new RegExp(`^${ownNetwork()}$`, "m"));
    },
  },
];

function ownNetwork(): string {
  return `net:\\[${statSync("/proc/self/ns/net").ino}\\]`;
}
