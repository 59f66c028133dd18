import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilitiesOf, cniArgs, type PodAttachment } from "./capabilities.ts";

const pod = (more: Partial<PodAttachment> = {}): PodAttachment => ({
  id: "abc",
  name: "web",
  namespace: "shop",
  uid: "1-2",
  netns: "/run/netns/abc",
  portMappings: [],
  annotations: {},
  ...more,
});

test("a pod that asks for nothing brings nothing", () => {
  assert.deepEqual(capabilitiesOf(pod({ dns: { servers: [], searches: [], options: [] } })), {});
});

test("everything a pod asks for is said in CNI's words", () => {
  const annotations = {
    "kubernetes.io/ingress-bandwidth": "10M",
    "kubernetes.io/egress-bandwidth": "1.5Gi",
  };
  const values = capabilitiesOf(
    pod({
      portMappings: [
        { protocol: "TCP", containerPort: 80, hostPort: 8080, hostIp: "" },
        { protocol: "SCTP", containerPort: 81, hostPort: 8081, hostIp: "127.0.0.1" },
        { protocol: "UDP", containerPort: 53, hostPort: 0, hostIp: "" },
      ],
      dns: { servers: ["10.0.0.10"], searches: ["shop.svc"], options: ["ndots:5"] },
      annotations,
      cgroupParent: "/kubepods/pod1",
      podCidr: "10.1.0.0/24, fd00:1::/64",
    }),
  );
  assert.deepEqual(values, {
    portMappings: [
      { hostPort: 8080, containerPort: 80, protocol: "tcp" },
      { hostPort: 8081, containerPort: 81, protocol: "sctp", hostIP: "127.0.0.1" },
    ],
    bandwidth: {
      ingressRate: 10_000_000,
      ingressBurst: 2 ** 31 - 1,
      egressRate: 1.5 * 2 ** 30,
      egressBurst: 2 ** 31 - 1,
    },
    dns: { servers: ["10.0.0.10"], searches: ["shop.svc"], options: ["ndots:5"] },
    ipRanges: [[{ subnet: "10.1.0.0/24" }], [{ subnet: "fd00:1::/64" }]],
    cgroupPath: "/kubepods/pod1",
    "io.kubernetes.cri.pod-annotations": annotations,
  });
});

test("a bandwidth that is none is the client's mistake", () => {
  for (const value of ["", "fast", "10", "2P", "-1M", "10m"]) {
    const annotations = { "kubernetes.io/ingress-bandwidth": value };
    assert.throws(
      () => capabilitiesOf(pod({ annotations })),
      { code: 3, message: /ingress-bandwidth/ },
      value,
    );
  }
  assert.deepEqual(
    capabilitiesOf(pod({ annotations: { "kubernetes.io/egress-bandwidth": "1e6" } })).bandwidth,
    {
      egressRate: 1e6,
      egressBurst: 2 ** 31 - 1,
    },
  );
});

test("CNI_ARGS say which pod it is, and cannot be added to", () => {
  assert.equal(
    cniArgs(pod()),
    "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=abc;K8S_POD_UID=1-2",
  );
  assert.throws(() => cniArgs(pod({ name: "a;IP=10.0.0.1" })), { code: 3, message: /K8S_POD_NAME/ });
});
