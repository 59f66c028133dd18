import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { ContainerConfig, NamespaceOption, PodSandboxConfig, UserNamespace } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { podConfig } from "./fixtures.test.ts";
import { podIdMappings, validateContainerUserNamespace, validateUserNamespace } from "./user-namespace.ts";

const mapping = { containerId: 0, hostId: 65_536, length: 65_536 };
const full: Init<UserNamespace> = { mode: "POD", uids: [mapping], gids: [{ ...mapping, hostId: 200_000 }] };

function pod(
  usernsOptions: Init<UserNamespace> | null,
  others: Init<NamespaceOption> = {},
): PodSandboxConfig {
  return podConfig({ linux: { securityContext: { namespaceOptions: { usernsOptions, ...others } } } });
}

/** A container's options are of the same form as a pod's. */
function container(usernsOptions: Init<UserNamespace> | null): ContainerConfig {
  const { linux } = pod(usernsOptions);
  return {
    linux: { resources: null, securityContext: linux?.securityContext },
  } as unknown as ContainerConfig;
}

test("mappings of users and of groups are the pod's; NODE and none have none", () => {
  validateUserNamespace(pod(full));
  assert.deepEqual(podIdMappings(pod(full)), { uids: mapping, gids: { ...mapping, hostId: 200_000 } });
  for (const config of [pod({ mode: "NODE" }), pod(null), podConfig({})]) {
    validateUserNamespace(config);
    assert.equal(podIdMappings(config), undefined);
  }
});

test("what cannot be mapped is INVALID_ARGUMENT and names the field", () => {
  const field = "config.linux.security_context.namespace_options";
  const refuse = (config: PodSandboxConfig, name: string) =>
    assert.throws(
      () => validateUserNamespace(config),
      (error: { code: status; message: string }) =>
        error.code === status.INVALID_ARGUMENT && error.message.startsWith(`${field}.${name} is `),
    );
  refuse(pod({ mode: "NODE", uids: [mapping] }), "userns_options.uids");
  refuse(pod({ mode: "NODE", gids: [mapping] }), "userns_options.gids");
  refuse(pod({ mode: "CONTAINER" }), "userns_options.mode");
  refuse(pod({ ...full, mode: "TARGET" }), "userns_options.mode");
  refuse(pod({}), "userns_options.uids");
  refuse(pod({ ...full, gids: [] }), "userns_options.gids");
  refuse(
    pod({ ...full, uids: [mapping, { ...mapping, containerId: 65_536, hostId: 131_072 }] }),
    "userns_options.uids",
  );
  refuse(pod({ ...full, uids: [{ ...mapping, containerId: 1 }] }), "userns_options.uids[0].container_id");
  refuse(pod({ ...full, gids: [{ ...mapping, length: 0 }] }), "userns_options.gids[0].length");
  refuse(pod({ ...full, gids: [{ ...mapping, hostId: 4_294_960_000 }] }), "userns_options.gids[0]");
  for (const name of ["network", "pid", "ipc"] as const) refuse(pod(full, { [name]: "NODE" }), name);
});

test("a container's options are the pod's, or nothing", () => {
  validateContainerUserNamespace(container(full), pod(full));
  validateContainerUserNamespace(container(null), pod(full));
  validateContainerUserNamespace(container({ mode: "NODE" }), pod(null));
  validateContainerUserNamespace(container(null), podConfig({}));
  const refuse = (asked: Init<UserNamespace>, config: PodSandboxConfig) =>
    assert.throws(() => validateContainerUserNamespace(container(asked), config), {
      code: status.INVALID_ARGUMENT,
      message: /^config\.linux\.security_context\.namespace_options\.userns_options is /,
    });
  const withPid = container(full);
  withPid.linux!.securityContext!.namespaceOptions!.pid = "NODE";
  assert.throws(() => validateContainerUserNamespace(withPid, pod(full)), /namespace_options\.pid is "NODE"/);
  refuse({ mode: "NODE" }, pod(full));
  refuse(full, pod({ mode: "NODE" }));
  refuse({ ...full, uids: [{ ...mapping, hostId: 65_537 }] }, pod(full));
  refuse({ ...full, gids: [{ ...mapping, length: 1 }] }, pod(full));
});
