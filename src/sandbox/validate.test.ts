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
