/** metrics-server as a node's administrator would install it: a Deployment, its rights, and an API of the apiserver's that it answers. */
import { chmodSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import { pushImage } from "../../images/push.ts";
import { programImage } from "../../support/program-image.ts";
import type { Namespace } from "./namespace.ts";
import { podTemplate } from "./namespace.ts";
import { METRICS_SERVER } from "./programs.ts";

const NAME = "metrics-server";
const GROUP = "metrics.k8s.io";
const PORT = 10_250;
const labels = { app: NAME };

/** Pushes its image to a registry that may be written. */
export async function pushMetricsServer(address: string, repository: string, tag: string): Promise<void> {
  const image = programImage({
    fill(root) {
      copyFileSync(METRICS_SERVER, join(root, "bin", NAME));
      chmodSync(join(root, "bin", NAME), 0o755);
    },
  });
  await pushImage(address, repository, tag, image);
}

/** All objects; those that are in no namespace have to be removed by `removeMetricsServer`. */
export function metricsServer({ name: namespace }: Namespace, image: string): object[] {
  const account = { kind: "ServiceAccount", name: NAME, namespace };
  const role = (name: string, kind = "ClusterRole") => ({
    apiGroup: "rbac.authorization.k8s.io",
    kind,
    name,
  });
  const rbac = (kind: string, name: string, fields: object, more: object = {}) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind,
    metadata: { name, ...more },
    ...fields,
  });
  const rules = [
    { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
    { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] },
  ];
  const subjects = [account];
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: NAME } },
    rbac("ClusterRole", NAME, { rules }),
    rbac("ClusterRoleBinding", NAME, { roleRef: role(NAME), subjects }),
    rbac("ClusterRoleBinding", `${NAME}-delegator`, { roleRef: role("system:auth-delegator"), subjects }),
    deployment(image),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: NAME },
      spec: { selector: labels, ports: [{ port: 443, targetPort: PORT }] },
    },
    {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: `v1beta1.${GROUP}` },
      spec: {
        group: GROUP,
        version: "v1beta1",
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { name: NAME, namespace },
      },
    },
  ];
}

/** Lets it read what the apiserver says of itself to aggregated APIs, which is in kube-system. */
export function readerBinding({ name: namespace }: Namespace): object {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: NAME },
    roleRef: {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "Role",
      name: "extension-apiserver-authentication-reader",
    },
    subjects: [{ kind: "ServiceAccount", name: NAME, namespace }],
  };
}

/** Removes what is not in its namespace. */
export async function removeMetricsServer({ kubectl }: Namespace): Promise<void> {
  const bindings = [`clusterrolebinding/${NAME}`, `clusterrolebinding/${NAME}-delegator`];
  const objects = [`apiservice/v1beta1.${GROUP}`, `clusterrole/${NAME}`, ...bindings];
  await kubectl.run(["delete", "--ignore-not-found", ...objects]);
}

function deployment(image: string): object {
  const httpGet = (path: string) => ({ httpGet: { path, port: PORT, scheme: "HTTPS" }, periodSeconds: 1 });
  const container = {
    name: NAME,
    image,
    command: [
      `/bin/${NAME}`,
      `--secure-port=${PORT}`,
      "--cert-dir=/tmp",
      "--kubelet-preferred-address-types=InternalIP",
      "--kubelet-use-node-status-port",
      "--kubelet-insecure-tls",
      "--metric-resolution=10s",
      "--kubelet-request-timeout=5s",
    ],
    readinessProbe: httpGet("/readyz"),
    livenessProbe: { ...httpGet("/livez"), periodSeconds: 10 },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
  };
  const spec = podTemplate({
    serviceAccountName: NAME,
    volumes: [{ name: "tmp", emptyDir: {} }],
    containers: [container],
  });
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: NAME },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}
