/** Containers that end: whether they are started again, after how long, and what is told of their end. */
import assert from "node:assert/strict";
import type { Feature } from "../feature.ts";
import { emptyDir, mount, sh } from "../node/manifest.ts";
import { statusOf } from "../node/static-pods.ts";

const volumes = [emptyDir("work")];
const volumeMounts = [mount("work", "/work")];
/** Ends with `first` the first time, and with 0 the next. */
const betterTheNextTime = (first: number) =>
  sh(`test -e /work/tried && exit 0; touch /work/tried; exit ${first}`);

export const features: readonly Feature[] = [
  {
    name: "restartPolicy Never: exit codes, and the pod's phase",
    async run({ pods }) {
      const containers = [
        { name: "well", command: ["true"] },
        { name: "badly", command: sh("exit 7") },
      ];
      await using pod = await pods.run("never", { restartPolicy: "Never", containers });
      await pod.untilPhase("Failed");
      for (const [name, exitCode, reason] of [
        ["well", 0, "Completed"],
        ["badly", 7, "Error"],
      ] as const) {
        const end = await pod.untilTerminated(name);
        assert.deepEqual([end.exitCode, end.reason], [exitCode, reason]);
        assert.ok(Date.parse(end.finishedAt) >= Date.parse(end.startedAt));
      }
    },
  },
  {
    name: "restartPolicy OnFailure: again until it succeeds",
    async run({ pods }) {
      const containers = [{ name: "main", command: betterTheNextTime(4), volumeMounts }];
      await using pod = await pods.run("on-failure", { restartPolicy: "OnFailure", volumes, containers });
      const done = statusOf(await pod.untilPhase("Succeeded"), "main");
      assert.equal(done?.restartCount, 1);
      assert.equal(done?.lastState.terminated?.exitCode, 4);
    },
  },
  {
    name: "restartPolicy Always: again after an end with 0; the log of the one before is kept",
    async run({ pods }) {
      const command = sh(
        "n=$(ls /work | wc -l); echo run $n; touch /work/$n; test $n = 1 || exit 0; sleep 1000000 & wait",
      );
      await using pod = await pods.run("always", {
        volumes,
        containers: [{ name: "main", command, volumeMounts }],
      });
      const { lastState } = await pod.untilContainer(
        "main",
        "running again",
        (it) => it.restartCount === 1 && it.state.running && it,
      );
      assert.equal(lastState.terminated?.exitCode, 0);
      assert.equal(await pod.log("main"), "run 1\n");
      assert.equal(await pod.log("main", "previous=true"), "run 0\n");
    },
  },
  {
    name: "a crash loop waits between its restarts (CrashLoopBackOff)",
    async run({ pods }) {
      await using pod = await pods.run("crashing", { containers: [{ name: "main", command: ["false"] }] });
      await pod.untilContainer(
        "main",
        "backing off",
        ({ state }) => state.waiting?.reason === "CrashLoopBackOff",
      );
      await pod.untilContainer("main", "restarted twice", ({ restartCount }) => restartCount >= 2);
    },
  },
  {
    name: "termination messages from the file, from one of another path, and from the log where it failed",
    async run({ pods }) {
      await using pod = await pods.run("messages", {
        restartPolicy: "Never",
        containers: [
          { name: "default", command: sh("echo ignored; printf 'all is well' > /dev/termination-log") },
          {
            name: "path",
            command: sh("printf elsewhere > /tmp/last; exit 1"),
            terminationMessagePath: "/tmp/last",
          },
          {
            name: "log",
            command: sh("echo first; echo last words >&2; exit 1"),
            terminationMessagePolicy: "FallbackToLogsOnError",
          },
        ],
      });
      const message = async (name: string) => (await pod.untilTerminated(name)).message;
      assert.equal(await message("default"), "all is well");
      assert.equal(await message("path"), "elsewhere");
      assert.equal(await message("log"), "first\nlast words\n");
    },
  },
  {
    name: "restartPolicyRules: one exit code is started again in a pod that is not",
    async run({ pods }) {
      const rule = { action: "Restart", exitCodes: { operator: "In", values: [42] } };
      const ruled = { restartPolicy: "Never", restartPolicyRules: [rule], volumeMounts };
      await using pod = await pods.run("ruled", {
        volumes,
        restartPolicy: "Never",
        containers: [
          { name: "again", command: betterTheNextTime(42), ...ruled },
          { name: "never", command: sh("exit 43"), ...ruled },
        ],
      });
      const failed = await pod.untilPhase("Failed");
      assert.equal(statusOf(failed, "again")?.restartCount, 1);
      assert.equal(statusOf(failed, "again")?.state.terminated?.exitCode, 0);
      assert.equal(statusOf(failed, "never")?.restartCount, 0);
    },
  },
  {
    name: "restartPolicyRules: one container's exit code starts all of the pod again, init containers too",
    async run({ pods }) {
      const rule = { action: "RestartAllContainers", exitCodes: { operator: "In", values: [88] } };
      const ruled = { restartPolicy: "Never", restartPolicyRules: [rule], volumeMounts };
      await using pod = await pods.run("ruled", {
        volumes,
        restartPolicy: "Never",
        initContainers: [{ name: "init", command: sh("echo init >> /work/inits"), volumeMounts }],
        containers: [
          { name: "source", command: betterTheNextTime(88), ...ruled },
          {
            name: "other",
            command: sh("until test $(wc -l < /work/inits) = 2; do sleep 0.2; done"),
            volumeMounts,
          },
        ],
      });
      const done = await pod.untilPhase("Succeeded");
      for (const name of ["init", "source", "other"])
        assert.equal(statusOf(done, name)?.restartCount, 1, name);
    },
  },
  {
    name: "a command that the image has not: CreateContainerError, with its name",
    async run({ pods }) {
      const containers = [{ name: "main", command: ["/no/such/program"] }];
      await using pod = await pods.run("absent", { containers });
      const { message } = await pod.untilContainer("main", "refused", ({ state: { waiting } }) => {
        return waiting?.reason === "CreateContainerError" && waiting;
      });
      assert.match(message ?? "", /no\/such\/program/);
    },
  },
  {
    name: "an image that cannot be had: ErrImagePull, ImagePullBackOff; one that may not be pulled: ErrImageNeverPull",
    async run({ pods }) {
      await using pod = await pods.run("imageless", {
        containers: [
          { name: "absent", image: "registry.k8s.io/no-such-image:1" },
          { name: "never", image: "registry.k8s.io/never-pulled:1", imagePullPolicy: "Never" },
        ],
      });
      for (const reason of ["ErrImagePull", "ImagePullBackOff"]) {
        await pod.untilContainer("absent", reason, ({ state }) => state.waiting?.reason === reason);
      }
      await pod.untilContainer(
        "never",
        "refused",
        ({ state }) => state.waiting?.reason === "ErrImageNeverPull",
      );
    },
  },
];
