/**
 * What a kubelet without an API server refuses to every pod, though it need not ask one: projected volumes, and recursiveReadOnly (it
 * learns what handlers can do from the manager of RuntimeClasses, which it then has not).
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Feature } from "../feature.ts";
import { ApiNode } from "../node/api-node.ts";
import { hostPath, mount, sh } from "../node/manifest.ts";
import { statusOf } from "../node/static-pods.ts";

const OBJECTS = "/api/v1/namespaces/default";

/** An object of core/v1. */
function make({ server }: ApiNode, kind: string, name: string, fields: object = {}): Promise<unknown> {
  const object = { apiVersion: "v1", kind, metadata: { name }, ...fields };
  return server.ask("POST", `${OBJECTS}/${kind.toLowerCase()}s`, object);
}

/** What a pod of one container, of `script`, has written when it has succeeded. */
async function written(
  node: ApiNode,
  name: string,
  script: string,
  spec: object,
  fields: object,
): Promise<string> {
  const containers = [{ name: "main", command: sh(script), ...fields }];
  await using pod = await node.create(name, { restartPolicy: "Never", ...spec, containers });
  await pod.untilPhase("Succeeded");
  const metadata = { namespace: "default", name: pod.name, uid: "" };
  return node.node.kubelet.api.containerLogs({ metadata }, "main");
}

async function tryProjected(node: ApiNode): Promise<void> {
  await make(node, "ServiceAccount", "default");
  await make(node, "ConfigMap", "map", { data: { key: "of the map" } });
  await make(node, "Secret", "secret", { stringData: { key: "of the secret" } });
  const labels = { path: "name", fieldRef: { fieldPath: "metadata.name" } };
  const sources = [
    { configMap: { name: "map", items: [{ key: "key", path: "below/map" }] } },
    { secret: { name: "secret", items: [{ key: "key", path: "secret", mode: 0o400 }] } },
    { downwardAPI: { items: [labels] } },
    { serviceAccountToken: { path: "token", expirationSeconds: 600 } },
  ];
  const env = [
    { name: "MAP", valueFrom: { configMapKeyRef: { name: "map", key: "key" } } },
    { name: "SECRET", valueFrom: { secretKeyRef: { name: "secret", key: "key" } } },
  ];
  const script = `cd /v; cat below/map; echo; cat secret; echo; cut -d- -f1 name; cut -c1-2 token; echo "$MAP, $SECRET"
stat -Lc %a secret name; touch x 2> /dev/null || echo read-only`;
  const volumes = [{ name: "v", projected: { sources, defaultMode: 0o440 } }];
  const text = await written(
    node,
    "projected",
    script,
    { volumes, serviceAccountName: "default" },
    { env, volumeMounts: [mount("v", "/v")] },
  );
  assert.deepEqual(text.trimEnd().split("\n"), [
    ...["of the map", "of the secret", "projected", "ey", "of the map, of the secret"],
    ...["400", "440", "read-only"],
  ]);
}

async function tryRecursiveReadOnly(node: ApiNode): Promise<void> {
  const host = await node.node.sharedFolder();
  await mkdir(join(host, "below"));
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(host, "below")]);
  try {
    const volumeMounts = [
      mount("host", "/plain", { readOnly: true }),
      mount("host", "/whole", { readOnly: true, recursiveReadOnly: "Enabled" }),
    ];
    await using told = await node.create("read-only", {
      volumes: [hostPath("host", host)],
      containers: [{ name: "main", volumeMounts }],
    });
    const mounts = statusOf(await told.untilPhase("Running"), "main")?.volumeMounts ?? [];
    assert.equal(mounts.find(({ mountPath }) => mountPath === "/whole")?.recursiveReadOnly, "Enabled");
    const script =
      "for f in /plain /plain/below /whole /whole/below; do touch $f/x 2> /dev/null && echo $f; done; true";
    const writable = await written(
      node,
      "read-only",
      script,
      { volumes: [hostPath("host", host)] },
      { volumeMounts },
    );
    assert.equal(writable, "/plain/below\n");
  } finally {
    execFileSync("umount", [join(host, "below")]);
  }
}

export const features: readonly Feature[] = [
  {
    name: "projected files and variables of every source; recursiveReadOnly with the mounts below",
    async run({ registry }) {
      await using node = await ApiNode.start({ registry });
      await Promise.all([tryProjected(node), tryRecursiveReadOnly(node)]);
    },
  },
];
