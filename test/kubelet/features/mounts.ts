/** How volumes are mounted: parts of them, for reading only, and what is mounted in them later. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Feature } from "../feature.ts";
import { emptyDir, hostPath, mount, sh } from "../node/manifest.ts";

export const features: readonly Feature[] = [
  {
    name: "subPath and subPathExpr: folders and files of a volume",
    async run(node) {
      const host = await node.sharedFolder();
      await mkdir(join(host, "there"));
      await writeFile(join(host, "there", "file"), "text");
      const env = [{ name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }];
      await using pod = await node.pods.run("parts", {
        volumes: [hostPath("host", host), emptyDir("empty")],
        containers: [
          {
            name: "main",
            env,
            volumeMounts: [
              mount("host", "/file", { subPath: "there/file", readOnly: true }),
              mount("host", "/folder", { subPathExpr: "of-$(POD)" }),
              mount("empty", "/new", { subPath: "new/folder" }),
            ],
          },
        ],
      });
      await pod.untilReady();
      assert.equal(await pod.sh("main", "cat /file"), "text");
      await pod.sh("main", "echo mine > /folder/file; echo new > /new/file");
      assert.equal(
        await readFile(join(host, `of-${pod.metadata.name}-${node.kubelet.nodeName}`, "file"), "utf8"),
        "mine\n",
      );
      assert.ok(existsSync(join(pod.folder, "volumes/kubernetes.io~empty-dir/empty/new/folder/file")));
    },
  },
  {
    name: "subPath: a link that leads out of the volume is refused",
    async run({ pods }) {
      const volumeMounts = [mount("work", "/work")];
      await using pod = await pods.run("escaping", {
        volumes: [emptyDir("work")],
        initContainers: [{ name: "init", command: sh("ln -s /etc /work/out"), volumeMounts }],
        containers: [{ name: "main", volumeMounts: [mount("work", "/out", { subPath: "out" })] }],
      });
      await pod.untilContainer(
        "main",
        "refused",
        ({ state }) => state.waiting?.reason === "CreateContainerConfigError",
      );
    },
  },
  {
    name: "readOnly: for one container and not for another",
    async run({ pods }) {
      await using pod = await pods.run("read-only", {
        volumes: [emptyDir("data")],
        containers: [
          { name: "reader", volumeMounts: [mount("data", "/data", { readOnly: true })] },
          { name: "writer", volumeMounts: [mount("data", "/data")] },
        ],
      });
      await pod.untilReady();
      await pod.sh("writer", "echo text > /data/file");
      assert.match(
        await pod.sh("reader", "cat /data/file; touch /data/file 2>&1 || true"),
        /^text\n.*Read-only/,
      );
    },
  },
  {
    name: "mountPropagation: HostToContainer and Bidirectional",
    async run(node) {
      const host = await node.sharedFolder();
      for (const name of ["host", "container"]) await mkdir(join(host, name));
      const container = (name: string, mountPropagation: string) => ({
        name,
        securityContext: { privileged: mountPropagation === "Bidirectional" },
        volumeMounts: [mount("host", "/host", { mountPropagation })],
      });
      await using pod = await node.pods.run("spreading", {
        volumes: [hostPath("host", host)],
        containers: [
          container("none", "None"),
          container("slave", "HostToContainer"),
          container("shared", "Bidirectional"),
        ],
      });
      await pod.untilReady();
      const mounts = (name: string) => pod.sh(name, "grep -c ' /host/' /proc/mounts || true");
      execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(host, "host")]);
      try {
        await pod.sh("shared", "mount -t tmpfs tmpfs /host/container");
        assert.deepEqual(await Promise.all(["none", "slave", "shared"].map(mounts)), ["0", "2", "2"]);
        assert.match(await readFile("/proc/self/mounts", "utf8"), new RegExp(` ${host}/container `));
      } finally {
        await pod.sh("shared", "umount /host/container");
        execFileSync("umount", [join(host, "host")]);
      }
      assert.deepEqual(await Promise.all(["none", "slave", "shared"].map(mounts)), ["0", "0", "0"]);
    },
  },
];
