import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { ContainerConfig } from "../cri/messages.ts";
import { type Init, loadCri } from "../cri/proto.ts";
import { validateContainer } from "./validate.ts";

const { CreateContainer } = loadCri().RuntimeService;

/** As the daemon reads it. */
function decoded(config: Init<ContainerConfig>): ContainerConfig | null {
  const whole = { metadata: { name: "c" }, image: { image: "busybox" }, ...config };
  return CreateContainer.requestDeserialize(CreateContainer.requestSerialize({ config: whole }))
    .config as ContainerConfig | null;
}

test("an ordinary container passes", () => {
  validateContainer(
    decoded({
      command: ["sh", "-c", "a\nb"],
      envs: [{ key: "A", value: Buffer.from("b\n") }],
      logPath: "c/0.log",
      workingDir: "/srv/a b",
      mounts: [{ hostPath: "/a", containerPath: "/b" }],
    }),
  );
});

const wrong: [field: RegExp, config: Init<ContainerConfig>][] = [
  [/^config\.metadata\.name is ""/, { metadata: null }],
  [/^config\.metadata\.name is "\.\.\/a"/, { metadata: { name: "../a" } }],
  [/^config\.image\.image is ""/, { image: null }],
  [/^config\.log_path is "\.\.\/\.\.\/etc\/passwd": it must not lead out/, { logPath: "../../etc/passwd" }],
  [/^config\.log_path is "a:b\.log": it must not have a ':'/, { logPath: "a:b.log" }],
  [/^config\.log_path is "\.": it must be a file's/, { logPath: "." }],
  [/^config\.log_path is "a\/": it must be a file's/, { logPath: "a/" }],
  [/^config\.log_path is "a\\nb": .* control/, { logPath: "a\nb" }],
  [/^config\.command\[1\] is "x+"…/, { command: ["a", "x".repeat(200_000)] }],
  [/^config\.envs\[0\] is "A=x+"…/, { envs: [{ key: "A", value: Buffer.alloc(200_000, "x") }] }],
  [/^config\.working_dir is "\/x+"…/, { workingDir: `/${"x".repeat(300)}` }],
  [/^config\.mounts\[0\]\.container_path is "\/a\\nb"/, { mounts: [{ containerPath: "/a\nb" }] }],
  [/^config\.devices\[0\]\.host_path is/, { devices: [{ hostPath: `/${"x".repeat(300)}` }] }],
  [
    /^config\.linux\.security_context\.masked_paths\[0\] is/,
    { linux: { securityContext: { maskedPaths: ["/a\n"] } } },
  ],
  [
    /supplemental_groups is "70000 groups"/,
    { linux: { securityContext: { supplementalGroups: Array(70_000).fill(1) } } },
  ],
  [/^config\.annotations is "\d+ bytes"/, { annotations: { a: "x".repeat(1 << 20) } }],
];

for (const [message, config] of wrong) {
  test(`refused: ${message.source}`, () => {
    assert.throws(() => validateContainer(decoded(config)), { code: status.INVALID_ARGUMENT, message });
  });
}

test("what only a newer CRI has a name for is refused", () => {
  const config = { ...decoded({}), stopSignal: 999 } as unknown as ContainerConfig;
  assert.throws(() => validateContainer(config), /^StatusError: config\.stop_signal is 999: it is unknown$/);
});
