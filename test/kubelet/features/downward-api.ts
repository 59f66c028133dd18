/** What a pod is told of itself: files of the downward API, and variables. */
import assert from "node:assert/strict";
import type { Feature } from "../feature.ts";
import { emptyDir, mount, sh } from "../node/manifest.ts";

export const features: readonly Feature[] = [
  {
    name: "downwardAPI files, and their change with the pod's labels",
    async run({ pods }) {
      const limit = {
        resourceFieldRef: { containerName: "main", resource: "limits.memory", divisor: "1Mi" },
      };
      const items = [
        { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
        {
          path: "annotation",
          fieldRef: { fieldPath: "metadata.annotations['critter.test/a']" },
          mode: 0o400,
        },
        { path: "below/memory", ...limit },
      ];
      const spec = {
        volumes: [{ name: "v", downwardAPI: { items } }],
        containers: [
          { name: "main", resources: { limits: { memory: "64Mi" } }, volumeMounts: [mount("v", "/v")] },
        ],
      };
      const metadata = { labels: { a: "1" }, annotations: { "critter.test/a": "yes" } };
      await using pod = await pods.run("downward", spec, metadata);
      await pod.untilReady();
      assert.equal(await pod.sh("main", "cat /v/labels /v/below/memory"), 'a="1"64');
      assert.equal(await pod.sh("main", "cat /v/annotation; stat -Lc ' %a' /v/annotation"), "yes 400");
      pod.metadata.labels = { a: "2" };
      await pod.write(spec);
      await pod.sh(
        "main",
        "for i in $(seq 200); do grep -q 'a=\"2\"' /v/labels && exit 0; sleep 0.1; done; exit 1",
      );
    },
  },
  {
    name: "variables of the downward API, of one another, and from a file",
    async run({ pods }) {
      const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
      const resourceFieldRef = { resource: "limits.cpu", divisor: "1m" };
      const fileKeyRef = { volumeName: "work", path: "variables", key: "FROM_FILE" };
      const env = [
        field("POD_IP", "status.podIP"),
        { name: "CPU", valueFrom: { resourceFieldRef } },
        { name: "URL", value: "http://$(POD_IP):80/$$(POD_IP)" },
        { name: "FROM_FILE", valueFrom: { fileKeyRef } },
      ];
      const volumeMounts = [mount("work", "/work")];
      await using pod = await pods.run("variables", {
        volumes: [emptyDir("work")],
        initContainers: [
          { name: "init", command: sh("echo \"FROM_FILE='a file'\" > /work/variables"), volumeMounts },
        ],
        containers: [{ name: "main", env, resources: { limits: { cpu: "250m", memory: "64Mi" } } }],
      });
      const { podIP } = (await pod.untilReady()).status;
      const variables = await pod.sh("main", 'echo "$CPU $URL $FROM_FILE"');
      assert.equal(variables, `250 http://${podIP}:80/$(POD_IP) a file`);
    },
  },
];
