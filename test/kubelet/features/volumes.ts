/** Volumes of the node: emptyDir on disk and in memory, hostPath of each type, the group that they are given. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Feature } from "../feature.ts";
import { emptyDir, hostPath, mount, sh, thenForever } from "../node/manifest.ts";

export const features: readonly Feature[] = [
  {
    name: "emptyDir on disk: for everybody, outlives its containers, goes with the pod",
    async run(node) {
      const volumeMounts = [mount("data", "/data")];
      const command = sh("echo run >> /data/runs; test $(wc -l < /data/runs) -ge 2 && sleep 1000000");
      const pod = await node.pods.run("disk", {
        volumes: [emptyDir("data")],
        containers: [
          { name: "main", command, volumeMounts },
          { name: "other", volumeMounts, securityContext: { runAsUser: 1000 } },
        ],
      });
      await pod.untilContainer("main", "running again", (it) => it.restartCount === 1 && it.state.running);
      assert.equal(
        await pod.sh("other", "touch /data/mine; cat /data/runs; stat -c %a /data"),
        "run\nrun\n777",
      );
      await pod.remove();
      await pod.untilPutAway();
    },
  },
  {
    name: "emptyDir in memory: a tmpfs of the size that was asked for",
    async run({ pods }) {
      await using pod = await pods.run("memory", {
        volumes: [emptyDir("data", { medium: "Memory", sizeLimit: "1Mi" })],
        containers: [{ name: "main", volumeMounts: [mount("data", "/data")] }],
      });
      await pod.untilReady();
      assert.match(await pod.sh("main", "grep ' /data ' /proc/mounts"), /tmpfs .*size=1024k/);
      const script = "dd if=/dev/zero of=/data/big bs=64k count=32 2>&1; stat -c %s /data/big";
      assert.match(await pod.sh("main", script), /No space left[\s\S]*\n1048576$/);
    },
  },
  {
    name: "hostPath: files, folders, sockets and devices that are there",
    async run(node) {
      const host = await node.sharedFolder();
      await mkdir(join(host, "folder"));
      await writeFile(join(host, "file"), "text");
      await using _ = createServer().listen(join(host, "socket"));
      execFileSync("mknod", [join(host, "block"), "b", "7", "0"]);
      const wanted: [type: string, path: string, test: string][] = [
        ["", join(host, "file"), "-f"],
        ["Directory", join(host, "folder"), "-d"],
        ["File", join(host, "file"), "-f"],
        ["Socket", join(host, "socket"), "-S"],
        ["CharDevice", "/dev/null", "-c"],
        ["BlockDevice", join(host, "block"), "-b"],
        ["DirectoryOrCreate", join(host, "made", "folder"), "-d"],
        ["FileOrCreate", join(host, "made-file"), "-f"],
      ];
      const tests = wanted.map(([, , test], at) => `test ${test} /v${at}`).join(" && ");
      await using pod = await node.pods.run("host", {
        volumes: wanted.map(([type, path], at) => hostPath(`v${at}`, path, type)),
        containers: [
          {
            name: "main",
            command: thenForever(tests),
            volumeMounts: wanted.map((_, at) => mount(`v${at}`, `/v${at}`)),
          },
        ],
      });
      await pod.untilReady();
      await pod.sh("main", `${tests}; echo written > /v7; echo inside > /v6/file`);
      assert.equal(await readFile(join(host, "made-file"), "utf8"), "written\n");
      assert.equal(await readFile(join(host, "made", "folder", "file"), "utf8"), "inside\n");
      assert.equal((lstatSync(join(host, "made", "folder")).mode & 0o777).toString(8), "755");
    },
  },
  {
    name: "hostPath: one of another type is waited for",
    async run(node) {
      const path = join(await node.sharedFolder(), "later");
      await using pod = await node.pods.run("host", {
        volumes: [hostPath("v", path, "File")],
        containers: [{ name: "main", volumeMounts: [mount("v", "/v")] }],
      });
      await pod.untilContainer(
        "main",
        "being created",
        ({ state }) => state.waiting?.reason === "ContainerCreating",
      );
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await pod.until("not running", (it) => it.status.phase === "Pending");
      await writeFile(path, "text");
      await pod.untilReady();
      assert.equal(await pod.sh("main", "cat /v"), "text");
    },
  },
  {
    name: "fsGroup: the volume is the group's",
    async run({ pods }) {
      await using pod = await pods.run("group", {
        securityContext: { fsGroup: 2000, runAsUser: 1000, runAsGroup: 1000 },
        volumes: [emptyDir("data")],
        containers: [{ name: "main", volumeMounts: [mount("data", "/data")] }],
      });
      await pod.untilReady();
      const script = "touch /data/file; stat -c '%g %a' /data; stat -c '%u %g' /data/file; id -G";
      assert.equal(await pod.sh("main", script), "2000 2777\n1000 2000\n1000 2000");
    },
  },
];
