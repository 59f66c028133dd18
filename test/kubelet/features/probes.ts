/** Probes: exec, http, tcp and grpc; readiness, liveness and startup. */
import assert from "node:assert/strict";
import { SLOW } from "../../support/slow.ts";
import type { Feature } from "../feature.ts";
import { emptyDir, mount, sh, thenForever } from "../node/manifest.ts";
import { conditionOf, type StaticPod } from "../node/static-pods.ts";
import { GRPC_HEALTH, NOT_SERVING } from "./grpc-health.ts";

const everySecond = { periodSeconds: 1, timeoutSeconds: SLOW, failureThreshold: 1 };
/** From when the container has come so far as to pass. */
const onceItRuns = { ...everySecond, initialDelaySeconds: 2 * SLOW };
const exec = (script: string) => ({ exec: { command: sh(script) } });

const restarted = (pod: StaticPod) =>
  pod.untilContainer("main", "restarted and ready", ({ restartCount, ready }) => restartCount === 1 && ready);
const notReady = (pod: StaticPod) => pod.until("not ready", (it) => conditionOf(it, "Ready") === "False");

/** A web server whose page /healthy a test may remove. */
const webServer = thenForever("mkdir -p /www; touch /www/healthy; httpd -p 8080 -h /www");

export const features: readonly Feature[] = [
  {
    name: "exec: liveness starts a container again",
    async run({ pods }) {
      const livenessProbe = { ...exec("test -e /alive"), ...onceItRuns };
      const containers = [{ name: "main", command: thenForever("touch /alive"), livenessProbe }];
      await using pod = await pods.run("exec", { containers });
      await pod.untilReady();
      await pod.sh("main", "rm /alive");
      await restarted(pod);
    },
  },
  {
    name: "exec: readiness comes and goes",
    async run({ pods }) {
      const readinessProbe = { ...exec("test -e /tmp/ready"), ...everySecond };
      await using pod = await pods.run("exec", { containers: [{ name: "main", readinessProbe }] });
      await pod.untilPhase("Running");
      await notReady(pod);
      await pod.sh("main", "touch /tmp/ready");
      await pod.untilReady();
      await pod.sh("main", "rm /tmp/ready");
      await notReady(pod);
    },
  },
  {
    name: "exec: one that does not end in time has failed",
    async run({ pods }) {
      const livenessProbe = { ...exec("test -e /quick || sleep 1000"), ...onceItRuns };
      const containers = [{ name: "main", command: thenForever("touch /quick"), livenessProbe }];
      await using pod = await pods.run("exec", { containers });
      await pod.untilReady();
      await pod.sh("main", "rm /quick");
      await restarted(pod);
    },
  },
  {
    name: "http: liveness starts a container again",
    async run({ pods }) {
      const livenessProbe = { httpGet: { path: "/healthy", port: 8080 }, ...onceItRuns };
      await using pod = await pods.run("http", {
        containers: [{ name: "main", command: webServer, livenessProbe }],
      });
      await pod.untilReady();
      await pod.sh("main", "rm /www/healthy");
      await restarted(pod);
    },
  },
  {
    name: "http: readiness by the name of a port",
    async run({ pods }) {
      const ports = [{ name: "web", containerPort: 8080 }];
      const readinessProbe = { httpGet: { path: "/healthy", port: "web" }, ...everySecond };
      const containers = [{ name: "main", command: webServer, ports, readinessProbe }];
      await using pod = await pods.run("http", { containers });
      await pod.untilReady();
      await pod.sh("main", "rm /www/healthy");
      await notReady(pod);
    },
  },
  {
    name: "tcp: readiness comes with the listener and goes with it",
    async run({ pods }) {
      const readinessProbe = { tcpSocket: { port: 8080 }, ...everySecond };
      await using pod = await pods.run("tcp", { containers: [{ name: "main", readinessProbe }] });
      await pod.untilPhase("Running");
      await notReady(pod);
      await pod.sh("main", "httpd -p 8080 -h /tmp");
      await pod.untilReady();
      await pod.sh("main", "kill $(pgrep httpd)");
      await notReady(pod);
    },
  },
  {
    name: "grpc: readiness comes with SERVING and goes with NOT_SERVING",
    async run({ pods }) {
      const readinessProbe = { grpc: { port: 8080 }, ...everySecond };
      await using pod = await pods.run("grpc", {
        containers: [{ name: "main", ...GRPC_HEALTH, readinessProbe }],
      });
      await pod.untilReady();
      await pod.sh("main", NOT_SERVING);
      await notReady(pod);
    },
  },
  {
    name: "grpc: liveness starts a container again",
    async run({ pods }) {
      const livenessProbe = { grpc: { port: 8080, service: "any" }, ...onceItRuns };
      await using pod = await pods.run("grpc", {
        containers: [{ name: "main", ...GRPC_HEALTH, livenessProbe }],
      });
      await pod.untilReady();
      await pod.sh("main", NOT_SERVING);
      await restarted(pod);
    },
  },
  {
    name: "startup: the others wait for it",
    async run({ pods }) {
      const startupProbe = { ...exec("test -e /tmp/started"), periodSeconds: 1, failureThreshold: 60 };
      const livenessProbe = { ...exec("test -e /tmp/started"), ...everySecond };
      await using pod = await pods.run("startup", {
        containers: [{ name: "main", startupProbe, livenessProbe }],
      });
      await pod.untilContainer(
        "main",
        "not started",
        ({ state, started }) => state.running && started === false,
      );
      await pod.sh("main", "sleep 3; touch /tmp/started");
      await pod.untilContainer(
        "main",
        "started",
        ({ restartCount, started }) => restartCount === 0 && started,
      );
    },
  },
  {
    name: "startup: one that fails starts the container again",
    async run({ pods }) {
      const startupProbe = { ...exec("false"), periodSeconds: 1, failureThreshold: 2 };
      await using pod = await pods.run("startup", { containers: [{ name: "main", startupProbe }] });
      await pod.untilContainer("main", "restarted", ({ restartCount }) => restartCount === 1);
    },
  },
  {
    name: "liveness has a grace period of its own",
    async run({ pods }) {
      const livenessProbe = { ...exec("test -e /alive"), terminationGracePeriodSeconds: 1, ...onceItRuns };
      // Deaf to SIGTERM the first time; the pod's own grace period would outlast the test.
      const trap = 'if test -e /work/ran; then trap "exit 0" TERM; else trap : TERM; fi';
      const command = sh(`${trap}; touch /alive /work/ran; while :; do sleep 0.2; done`);
      await using pod = await pods.run("deaf", {
        terminationGracePeriodSeconds: 300,
        volumes: [emptyDir("work")],
        containers: [{ name: "main", command, livenessProbe, volumeMounts: [mount("work", "/work")] }],
      });
      await pod.untilReady();
      await pod.sh("main", "rm /alive");
      const { lastState } = await pod.untilContainer(
        "main",
        "restarted",
        (it) => it.restartCount === 1 && it,
      );
      assert.equal(lastState.terminated?.exitCode, 137);
    },
  },
];
