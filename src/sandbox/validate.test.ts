import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { PodSandboxConfig } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { podConfig } from "./fixtures.test.ts";
import { validatePodSandbox } from "./validate.ts";

test("what the kubelet sends is right, and so is the least there can be", () => {
  validatePodSandbox(podConfig({}));
  validatePodSandbox(podConfig({ metadata: { uid: "" } }));
  validatePodSandbox(
    podConfig({
      hostname: "web-0",
      logDirectory: "/var/log/pods/default_web_u1",
      portMappings: [{ containerPort: 80, hostPort: 65535 }],
      linux: { securityContext: { namespaceOptions: { network: "NODE", pid: "CONTAINER", ipc: "POD" } } },
    }),
  );
});

const wrong: [what: string, config: Init<PodSandboxConfig>, field: string][] = [
  ["an empty name", { metadata: { name: "" } }, "config.metadata.name"],
  ["an empty namespace", { metadata: { namespace: "" } }, "config.metadata.namespace"],
  ["a long hostname", { hostname: "h".repeat(65) }, "config.hostname"],
  ["a hostname with a blank", { hostname: "a b" }, "config.hostname"],
  ["a hostname that would be two lines of /etc/hosts", { hostname: "a\n127.0.0.1" }, "config.hostname"],
  ["a hostname that would begin a comment", { hostname: "a#b" }, "config.hostname"],
  ["a name that leads elsewhere", { metadata: { name: "../a" } }, "config.metadata.name"],
  ["a namespace with a pair for CNI_ARGS", { metadata: { namespace: "a;B=c" } }, "config.metadata.namespace"],
  ["a long uid", { metadata: { uid: "u".repeat(300) } }, "config.metadata.uid"],
  ["large annotations", { annotations: { a: "x".repeat(1 << 20) } }, "config.annotations"],
  ["a log directory with a colon", { logDirectory: "/var/log/a:b" }, "config.log_directory"],
  ["a log directory of a very long name", { logDirectory: `/${"a".repeat(256)}` }, "config.log_directory"],
  ["a name server that is none", { dnsConfig: { servers: ["::1", "a.b"] } }, "config.dns_config.servers[1]"],
  [
    "a search domain with a line of its own",
    { dnsConfig: { searches: ["a\nnameserver 192.0.2.1"] } },
    "config.dns_config.searches[0]",
  ],
  ["an option with a blank", { dnsConfig: { options: ["ndots:5 debug"] } }, "config.dns_config.options[0]"],
  ["a host's address that is none", { portMappings: [{ hostIp: "a" }] }, "config.port_mappings[0].host_ip"],
  ["a relative log directory", { logDirectory: "logs" }, "config.log_directory"],
  [
    "a host port beyond the last",
    { portMappings: [{ hostPort: 65536 }] },
    "config.port_mappings[0].host_port",
  ],
  [
    "a negative port",
    { portMappings: [{}, { containerPort: -1 }] },
    "config.port_mappings[1].container_port",
  ],
  [
    "the PID namespace of another container",
    { linux: { securityContext: { namespaceOptions: { pid: "TARGET" } } } },
    "config.linux.security_context.namespace_options.pid",
  ],
  [
    "a network of the container's own",
    { linux: { securityContext: { namespaceOptions: { network: "CONTAINER" } } } },
    "config.linux.security_context.namespace_options.network",
  ],
];
for (const [what, config, field] of wrong) {
  test(`${what} is INVALID_ARGUMENT and names ${field}`, () => {
    assert.throws(
      () => validatePodSandbox(podConfig(config)),
      (error: { code: status; message: string }) =>
        error.code === status.INVALID_ARGUMENT && error.message.startsWith(`${field} is `),
    );
  });
}

test("no configuration and no metadata are INVALID_ARGUMENT", () => {
  assert.throws(() => validatePodSandbox(null), { code: status.INVALID_ARGUMENT });
  assert.throws(() => validatePodSandbox({ ...podConfig({}), metadata: null }), /config.metadata is absent/);
});
