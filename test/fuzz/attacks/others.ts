/** Attacks by the smaller requests: what must be refused, by RPC and field. */
import { BUSYBOX } from "../../support/configs.ts";
import type { FuzzBed } from "../bed.ts";
import { long } from "./texts.ts";

const references = [
  "",
  "../x",
  "a/../b",
  "a\nb",
  "a b",
  "\u202ea",
  "\u001b[31m",
  "http://a/b",
  "a@sha256:../../x",
  `a@sha256:${"0".repeat(63)}`,
  "a:../x",
  "A/B",
  "a".repeat(300),
  `${"a-".repeat(100_000)}!`,
  `${"a.".repeat(100_000)}/b`,
  `${"a/".repeat(100_000)}`,
  long,
];

/** RPC, the field that the refusal names, the values, and the request that has one. */
export const otherAttacks: readonly (readonly [
  rpc: string,
  field: string,
  values: readonly unknown[],
  request: (value: never, bed: FuzzBed) => object,
])[] = [
  ...["PullImage", "ImageStatus", "RemoveImage"].map(
    (rpc) => [rpc, "image", references, (image: string) => ({ image: { image } })] as const,
  ),
  ["ListImages", "image", references.slice(1), (image: string) => ({ filter: { image: { image } } })],
  [
    "PullImage",
    "auth.registry_token",
    ["a\r\nX-Injected: b", "a\nb", "\u0100"],
    (registryToken: string) => ({ image: { image: BUSYBOX }, auth: { registryToken } }),
  ],
  [
    "PullImage",
    "auth.auth",
    ["!", "YQ=="],
    (auth: string) => ({ image: { image: BUSYBOX }, auth: { auth } }),
  ],
  [
    "ExecSync",
    "cmd",
    [[], [""], ["a\0b"], [long], ["/nonexistent"], Array(70).fill("a".repeat(100_000))],
    (cmd: string[], { containerId }) => ({ containerId, cmd, timeout: 5 }),
  ],
  [
    "ExecSync",
    "timeout",
    [-1, -(2 ** 62)],
    (timeout: number, { containerId }) => ({ containerId, cmd: ["true"], timeout }),
  ],
  ["Exec", "cmd", [[], ["a\0b"]], (cmd: string[], { containerId }) => ({ containerId, cmd, stdout: true })],
  ["Exec", "std", [false], (stdout: boolean, { containerId }) => ({ containerId, cmd: ["true"], stdout })],
  [
    "PortForward",
    "port[0]",
    [0, -1, 65_536, 2 ** 31 - 1],
    (port: number, { podSandboxId }) => ({ podSandboxId, port: [port] }),
  ],
  ["StopContainer", "timeout", [-1], (timeout: number, { containerId }) => ({ containerId, timeout })],
  [
    "UpdateRuntimeConfig",
    "runtime_config.network_config.pod_cidr",
    ["a", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/8\n::", "::/129", "10.0.0.0/8,".repeat(1000), long],
    (podCidr: string) => ({ runtimeConfig: { networkConfig: { podCidr } } }),
  ],
  [
    "UpdateContainerResources",
    "linux",
    [
      { cpuShares: -1 },
      { cpuPeriod: 1 },
      { cpusetCpus: "9999" },
      { oomScoreAdj: 5000 },
      { unified: { "../x": "1" } },
    ],
    (linux: object, { containerId }) => ({ containerId, linux }),
  ],
];
