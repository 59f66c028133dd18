/** postStart and preStop, grace periods, and the signal that a container is ended with. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { NGINX } from "../../support/configs.ts";
import { SLOW } from "../../support/slow.ts";
import type { Feature } from "../feature.ts";
import type { KubeletNode } from "../node/kubelet-node.ts";
import type { ContainerSpec, PodSpec } from "../node/kubernetes.ts";
import { hostPath, mount, sh, thenForever } from "../node/manifest.ts";

const exec = (script: string) => ({ exec: { command: sh(script) } });

/** Writes `TERM` to /out/log when it is told to end, and ends `seconds` later with a line `end`. */
const endsAfter = (seconds: number) =>
  sh(
    `trap 'echo TERM >> /out/log; sleep ${seconds}; echo end >> /out/log; exit 0' TERM; while :; do sleep 0.1; done`,
  );

/** Runs a pod of one container until it is ready, removes it, and answers what the container wrote to /out/log meanwhile. */
async function logOfEnd(
  node: KubeletNode,
  container: Omit<ContainerSpec, "name">,
  spec: Partial<PodSpec>,
): Promise<string> {
  const out = await node.sharedFolder();
  const pod = await node.pods.run("ending", {
    volumes: [hostPath("out", out)],
    containers: [{ name: "main", volumeMounts: [mount("out", "/out")], ...container }],
    ...spec,
  });
  await pod.untilReady();
  await pod.remove();
  return readFile(join(out, "log"), "utf8");
}

export const features: readonly Feature[] = [
  {
    name: "postStart: exec runs in the container, which is not running before its end",
    async run({ pods }) {
      const lifecycle = { postStart: exec("sleep 1; echo hooked > /tmp/hook") };
      await using pod = await pods.run("hooked", { containers: [{ name: "main", lifecycle }] });
      await pod.untilReady();
      assert.equal(await pod.sh("main", "cat /tmp/hook"), "hooked");
    },
  },
  {
    name: "postStart: one that fails ends the container, which is started again",
    async run({ pods }) {
      const lifecycle = { postStart: exec("echo no such luck; exit 1") };
      await using pod = await pods.run("unlucky", { containers: [{ name: "main", lifecycle }] });
      await pod.untilContainer(
        "main",
        "PostStartHookError",
        ({ state }) => state.waiting?.reason === "PostStartHookError",
      );
      await pod.untilContainer("main", "restarted", ({ restartCount }) => restartCount > 0);
    },
  },
  {
    name: "postStart: httpGet and sleep",
    async run({ pods }) {
      const httpGet = { path: "/", port: 80 };
      await using web = await pods.run("web", { containers: [{ name: "main", image: NGINX }] });
      const { status } = await web.untilReady();
      const containers = [
        { name: "http", lifecycle: { postStart: { httpGet: { ...httpGet, host: status.podIP } } } },
        { name: "sleep", lifecycle: { postStart: { sleep: { seconds: 1 } } } },
      ];
      await using pod = await pods.run("hooked", { containers });
      await pod.untilReady();
      assert.match(await web.log("main"), /"GET \/ HTTP\/1.1" 200 .*kube-lifecycle/);
    },
  },
  {
    name: "preStop: exec comes before the signal, and both within the grace period",
    async run(node) {
      const lifecycle = { preStop: exec("echo hook >> /out/log; sleep 1; echo hooked >> /out/log") };
      const log = await logOfEnd(
        node,
        { command: endsAfter(1), lifecycle },
        { terminationGracePeriodSeconds: 30 },
      );
      assert.equal(log, "hook\nhooked\nTERM\nend\n");
    },
  },
  {
    name: "preStop: httpGet reaches the container before the signal",
    async run(node) {
      const page =
        "mkdir -p /www/cgi-bin; printf '#!/bin/sh\\necho asked >> /out/log\\necho\\n' > /www/cgi-bin/stop";
      const command = sh(`${page}; chmod 755 /www/cgi-bin/stop; httpd -p 8080 -h /www; ${endsAfter(0)[2]}`);
      const lifecycle = { preStop: { httpGet: { path: "/cgi-bin/stop", port: 8080 } } };
      const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 };
      const log = await logOfEnd(
        node,
        { command, lifecycle, readinessProbe },
        { terminationGracePeriodSeconds: 30 },
      );
      assert.equal(log, "asked\nTERM\nend\n");
    },
  },
  {
    name: "preStop: sleep puts the signal off",
    async run(node) {
      const script = "trap 'date +%s >> /out/log; exit 0' TERM; while :; do sleep 0.1; done";
      const lifecycle = { preStop: { sleep: { seconds: 3 } } };
      const out = await node.sharedFolder();
      const pod = await node.pods.run("sleeping", {
        terminationGracePeriodSeconds: 30,
        volumes: [hostPath("out", out)],
        containers: [{ name: "main", command: sh(script), lifecycle, volumeMounts: [mount("out", "/out")] }],
      });
      await pod.untilReady();
      const told = Math.floor(Date.now() / 1000);
      await pod.remove();
      const signalled = Number(await readFile(join(out, "log"), "utf8"));
      assert.ok(signalled - told >= 3, `told at ${told}, signalled at ${signalled}`);
    },
  },
  {
    name: "preStop: one that outlasts the grace period is cut short",
    async run(node) {
      const lifecycle = { preStop: exec("echo hook >> /out/log; sleep 1000; echo hooked >> /out/log") };
      const log = await logOfEnd(
        node,
        { command: endsAfter(0), lifecycle },
        { terminationGracePeriodSeconds: 3 * SLOW },
      );
      // The kubelet grants two seconds more, from the signal on.
      assert.equal(log, "hook\nTERM\nend\n");
    },
  },
  {
    name: "a container that ends within the grace period is not killed; one that does not, is",
    async run(node) {
      const grace = (terminationGracePeriodSeconds: number) => ({ terminationGracePeriodSeconds });
      const [slow, deaf] = await Promise.all([
        logOfEnd(node, { command: endsAfter(2) }, grace(30)),
        logOfEnd(node, { command: endsAfter(1000) }, grace(2)),
      ]);
      assert.equal(slow, "TERM\nend\n");
      assert.equal(deaf, "TERM\n");
    },
  },
  {
    name: "grace periods of 0 and 1",
    async run(node) {
      const graces = [0, 1].map((terminationGracePeriodSeconds) => ({ terminationGracePeriodSeconds }));
      const command = thenForever("echo up > /out/log");
      const deaf = sh("echo up > /out/log; trap : TERM; while :; do sleep 0.1; done");
      const ends = graces.flatMap((grace) => [
        logOfEnd(node, { command }, grace),
        logOfEnd(node, { command: deaf }, grace),
      ]);
      for (const log of await Promise.all(ends)) assert.equal(log, "up\n");
    },
  },
  {
    name: "stopSignal of the pod's manifest, and of the image",
    async run(node) {
      const traps = ["USR1", "TERM", "QUIT"].map(
        (signal) => `trap 'echo ${signal} >> /out/log; exit 0' ${signal}`,
      );
      const command = sh(`${traps.join("; ")}; while :; do sleep 0.1; done`);
      const spec = { os: { name: "linux" }, terminationGracePeriodSeconds: 30 };
      const [named, ofImage] = await Promise.all([
        logOfEnd(node, { command, lifecycle: { stopSignal: "SIGUSR1" } }, spec),
        logOfEnd(node, { command, image: NGINX }, spec),
      ]);
      assert.equal(named, "USR1\n");
      assert.equal(ofImage, "QUIT\n");
    },
  },
];
