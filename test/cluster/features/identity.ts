/** What a pod is given to say who it is, and what it is told: tokens, config maps, the downward API. */
import assert from "node:assert/strict";
import { request } from "node:https";
import { mount } from "../../kubelet/node/manifest.ts";
import { eventually } from "../../support/eventually.ts";
import type { Feature } from "../feature.ts";
import type { Cluster } from "../node/cluster.ts";

const TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** What the apiserver says to a token. */
function ask({ plane }: Cluster, path: string, token: string): Promise<{ status?: number; body: string }> {
  const options = { headers: { authorization: `Bearer ${token}` }, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const call = request(`${plane.server}${path}`, options, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, body }));
    });
    call.on("error", reject).end();
  });
}

export const features: readonly Feature[] = [
  {
    name: "a service account's token, the authority and the namespace are in its volume",
    async run(cluster) {
      await using namespace = await cluster.namespace("token");
      await namespace.kubectl.run(["create", "serviceaccount", "reader"]);
      const binding = [
        "create",
        "rolebinding",
        "reader",
        "--clusterrole=view",
        "--serviceaccount=token:reader",
      ];
      await namespace.kubectl.run(binding);
      await namespace.runPod("tried", { serviceAccountName: "reader", containers: [{ name: "main" }] });
      const token = await namespace.sh("tried", `cat ${TOKEN}`);
      const { status, body } = await ask(cluster, "/api/v1/namespaces/token/pods", token);
      assert.equal(status, 200, body);
      assert.equal(JSON.parse(body).items[0].metadata.name, "tried");
      assert.equal((await ask(cluster, "/api/v1/namespaces/kube-system/pods", token)).status, 403);
      assert.equal(await namespace.sh("tried", `cat $(dirname ${TOKEN})/namespace`), "token");
      assert.match(await namespace.sh("tried", `cat $(dirname ${TOKEN})/ca.crt`), /BEGIN CERTIFICATE/);
    },
  },
  {
    name: "a projected token has its own audience, and a user who is not root reads it",
    async run(cluster) {
      await using namespace = await cluster.namespace("audience");
      const sources = [{ serviceAccountToken: { path: "token", audience: "vault", expirationSeconds: 600 } }];
      await namespace.runPod("tried", {
        securityContext: { runAsUser: 1000, fsGroup: 2000 },
        volumes: [{ name: "token", projected: { sources } }],
        containers: [{ name: "main", volumeMounts: [mount("token", "/token")] }],
      });
      const [, claims] = (await namespace.sh("tried", "cat /token/token")).split(".");
      const { aud, sub } = JSON.parse(Buffer.from(claims!, "base64url").toString());
      assert.deepEqual(aud, ["vault"]);
      assert.equal(sub, "system:serviceaccount:audience:default");
    },
  },
  {
    name: "a config map's new contents come to the pod that mounts it",
    async run(cluster) {
      await using namespace = await cluster.namespace("config-map");
      const map = (text: string) => ({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "tried" },
        data: { text },
      });
      await namespace.kubectl.apply(map("first"));
      await namespace.runPod("tried", {
        volumes: [{ name: "map", configMap: { name: "tried" } }],
        containers: [
          {
            name: "main",
            volumeMounts: [mount("map", "/map")],
            envFrom: [{ configMapRef: { name: "tried" } }],
          },
        ],
      });
      assert.equal(await namespace.sh("tried", "cat /map/text; echo $text"), "firstfirst");
      await namespace.kubectl.apply(map("second"));
      await eventually(async () => assert.equal(await namespace.sh("tried", "cat /map/text"), "second"), 90);
    },
  },
  {
    name: "a secret is in memory, and a pod's labels and address are told to it",
    async run(cluster) {
      await using namespace = await cluster.namespace("secret");
      await namespace.kubectl.run(["create", "secret", "generic", "tried", "--from-literal=key=value"]);
      const fieldRef = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
      await namespace.runPod(
        "tried",
        {
          volumes: [{ name: "secret", secret: { secretName: "tried" } }],
          containers: [
            {
              name: "main",
              volumeMounts: [mount("secret", "/secret")],
              env: [
                { name: "COLOUR", ...fieldRef("metadata.labels['colour']") },
                { name: "ADDRESS", ...fieldRef("status.podIP") },
                { name: "NODE", ...fieldRef("spec.nodeName") },
              ],
            },
          ],
        },
        { labels: { colour: "green" } },
      );
      assert.equal(await namespace.sh("tried", "cat /secret/key"), "value");
      assert.match(await namespace.sh("tried", "grep ' /secret ' /proc/mounts"), /^tmpfs /);
      const { status } = await namespace.kubectl.get("pod/tried");
      assert.equal(await namespace.sh("tried", "echo $COLOUR $ADDRESS $NODE"), `green ${status.podIP} node`);
    },
  },
];
