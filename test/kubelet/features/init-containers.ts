/** Init containers, sidecars (init containers with restartPolicy Always), and several containers in one pod. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Feature } from "../feature.ts";
import { emptyDir, hostPath, mount, sh, thenForever } from "../node/manifest.ts";
import { conditionOf, statusOf } from "../node/static-pods.ts";

const volumes = [emptyDir("work")];
const volumeMounts = [mount("work", "/work")];

/** A container that writes its name to /out/order when it is told to end. */
const tellsItsEnd = (name: string) => ({
  name,
  command: sh(`trap 'echo ${name} >> /out/order; exit 0' TERM; sleep 1000000 & wait`),
  volumeMounts: [mount("out", "/out")],
});

export const features: readonly Feature[] = [
  {
    name: "one after another, before the containers",
    async run({ pods }) {
      const init = (name: string) => ({
        name,
        command: sh(`sleep 1; echo ${name} >> /work/order`),
        volumeMounts,
      });
      await using pod = await pods.run("ordered", {
        volumes,
        initContainers: [init("first"), init("second")],
        containers: [{ name: "main", command: thenForever("cat /work/order"), volumeMounts }],
      });
      await pod.until("waiting for its init containers", (it) => conditionOf(it, "Initialized") === "False");
      const ready = await pod.untilReady();
      assert.equal(await pod.log("main"), "first\nsecond\n");
      for (const { state } of ready.status.initContainerStatuses ?? []) {
        assert.equal(state.terminated?.reason, "Completed");
      }
    },
  },
  {
    name: "one that fails is run again until it succeeds",
    async run({ pods }) {
      const script = "echo try >> /work/tries; test $(wc -l < /work/tries) -ge 3";
      await using pod = await pods.run("stubborn", {
        volumes,
        initContainers: [{ name: "init", command: sh(script), volumeMounts }],
        containers: [{ name: "main" }],
      });
      const ready = await pod.untilReady();
      const init = statusOf(ready, "init");
      assert.equal(init?.restartCount, 2);
      assert.equal(init?.state.terminated?.exitCode, 0);
    },
  },
  {
    name: "one that fails, with restartPolicy Never, fails the pod",
    async run({ pods }) {
      await using pod = await pods.run("hopeless", {
        restartPolicy: "Never",
        initContainers: [{ name: "init", command: sh("exit 3") }],
        containers: [{ name: "main" }],
      });
      const failed = await pod.untilPhase("Failed");
      assert.equal(statusOf(failed, "init")?.state.terminated?.exitCode, 3);
      assert.equal(statusOf(failed, "main")?.containerID, undefined);
    },
  },
  {
    name: "a sidecar has started before the next, runs beside the containers and does not keep the pod from succeeding",
    async run({ pods }) {
      const startupProbe = {
        exec: { command: ["test", "-e", "/work/up"] },
        periodSeconds: 1,
        failureThreshold: 30,
      };
      const command = thenForever("sleep 2; touch /work/up");
      await using pod = await pods.run("sidecar", {
        volumes,
        restartPolicy: "Never",
        initContainers: [
          { name: "sidecar", restartPolicy: "Always", command, startupProbe, volumeMounts },
          { name: "init", command: ["test", "-e", "/work/up"], volumeMounts },
        ],
        containers: [
          { name: "main", command: sh("until test -e /work/end; do sleep 0.2; done"), volumeMounts },
        ],
      });
      await pod.until("running beside its sidecar", (it) => {
        const [sidecar, main] = ["sidecar", "main"].map((name) => statusOf(it, name)?.state);
        return sidecar?.running && main?.running;
      });
      await pod.sh("main", "touch /work/end");
      const done = await pod.untilPhase("Succeeded");
      assert.equal(statusOf(done, "sidecar")?.restartCount, 0);
    },
  },
  {
    name: "a sidecar that ends is started again, and its readiness is the pod's",
    async run({ pods }) {
      const readinessProbe = { exec: { command: ["test", "-e", "/work/ready"] }, periodSeconds: 1 };
      const command = sh("until test -e /work/end; do sleep 0.2; done; rm /work/end /work/ready; exit 5");
      await using pod = await pods.run("sidecar", {
        volumes,
        initContainers: [{ name: "sidecar", restartPolicy: "Always", command, readinessProbe, volumeMounts }],
        containers: [{ name: "main", volumeMounts }],
      });
      await pod.untilContainer("main", "ready", ({ ready }) => ready);
      await pod.until("not ready for its sidecar", (it) => conditionOf(it, "Ready") === "False");
      await pod.sh("main", "touch /work/ready");
      await pod.untilReady();
      await pod.sh("main", "touch /work/end");
      const { lastState } = await pod.untilContainer(
        "sidecar",
        "restarted",
        (it) => it.restartCount === 1 && it,
      );
      assert.equal(lastState.terminated?.exitCode, 5);
      await pod.until("not ready again", (it) => conditionOf(it, "Ready") === "False");
    },
  },
  {
    name: "a sidecar's liveness probe starts it again",
    async run({ pods }) {
      const livenessProbe = {
        exec: { command: ["test", "!", "-e", "/work/ill"] },
        periodSeconds: 1,
        failureThreshold: 1,
      };
      await using pod = await pods.run("sidecar", {
        volumes,
        initContainers: [
          {
            name: "sidecar",
            restartPolicy: "Always",
            command: thenForever("rm -f /work/ill"),
            livenessProbe,
            volumeMounts,
          },
        ],
        containers: [{ name: "main", volumeMounts }],
      });
      await pod.untilReady();
      await pod.sh("main", "touch /work/ill");
      await pod.untilContainer(
        "sidecar",
        "restarted",
        ({ restartCount, ready }) => restartCount === 1 && ready,
      );
      assert.equal(await pod.untilContainer("main", "told of", ({ restartCount }) => restartCount), 0);
    },
  },
  {
    name: "sidecars end after the containers, the last one first",
    async run(node) {
      const out = await node.sharedFolder();
      const sidecar = (name: string) => ({ ...tellsItsEnd(name), restartPolicy: "Always" });
      const pod = await node.pods.run("ending", {
        terminationGracePeriodSeconds: 20,
        volumes: [hostPath("out", out)],
        initContainers: [sidecar("first"), sidecar("second")],
        containers: [tellsItsEnd("main")],
      });
      await pod.untilReady();
      await pod.remove();
      assert.equal(await readFile(join(out, "order"), "utf8"), "main\nsecond\nfirst\n");
    },
  },
  {
    name: "several containers share network and volumes, and end each by itself",
    async run({ pods }) {
      const command = thenForever("mkdir /www; echo hello > /www/page; httpd -p 127.0.0.1:8080 -h /www");
      await using pod = await pods.run("several", {
        volumes,
        containers: [
          { name: "server", command, volumeMounts },
          { name: "client", volumeMounts },
          { name: "restless", command: sh("sleep 1; exit 1"), volumeMounts },
        ],
      });
      await pod.untilContainer("restless", "restarted", ({ restartCount }) => restartCount > 0);
      assert.equal(await pod.sh("client", "wget -qO- http://127.0.0.1:8080/page"), "hello");
      await pod.sh("server", "echo shared > /work/file");
      assert.equal(await pod.sh("client", "cat /work/file"), "shared");
      await pod.until("untouched", (it) => {
        const others = ["server", "client"].map((name) => statusOf(it, name));
        return others.every((status) => status?.state.running && status.restartCount === 0);
      });
    },
  },
];
