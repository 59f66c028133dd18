/** Attacks by RunPodSandbox: what must be refused, by field. */
import type { PodSandboxConfig } from "../../../src/cri/messages.ts";
import type { Init } from "../../../src/cri/proto.ts";
import type { FuzzBed } from "../bed.ts";
import { inNoName, leadingOut, long } from "./texts.ts";

type Config = Init<PodSandboxConfig>;
type Linux = NonNullable<Config["linux"]>;

/** Field, the values that are refused, and the configuration that has one. */
export type Attacks<Request> = readonly (readonly [
  field: string,
  values: readonly unknown[],
  request: (value: never) => Request,
])[];

/** Of a name of its own, so that one that is taken for right is no other's retry. */
let count = 0;
const metadata = () => ({ name: `attack-${count++}`, namespace: "fuzz", uid: "u", attempt: 0 });
const security = (securityContext: NonNullable<Linux["securityContext"]>): Config => ({
  linux: { securityContext },
});

/** The cgroup parent and the metadata are added where they are absent. */
export const podAttacks: Attacks<Config> = [
  ...(["name", "namespace", "uid"] as const).map(
    (field) =>
      [
        `config.metadata.${field}`,
        [...inNoName, ...leadingOut, "a/b", "a;B=c", "a b"],
        (value: string) => ({ metadata: { ...metadata(), [field]: value } }),
      ] as const,
  ),
  [
    "config.hostname",
    [...inNoName, "a b", "a#b", "a/b", "é".repeat(64)],
    (hostname: string) => ({ hostname }),
  ],
  [
    "config.log_directory",
    [...inNoName, "logs", "../logs", "/a:b", `/${"a".repeat(256)}`, "/a".repeat(3000)],
    (logDirectory: string) => ({ logDirectory }),
  ],
  [
    "config.dns_config.servers[0]",
    [...inNoName, "", "a.test", "192.0.2.1\nsearch a", "1", "::1 # a"],
    (server: string) => ({ dnsConfig: { servers: [server] } }),
  ],
  [
    "config.dns_config.searches[0]",
    [...inNoName, "", "a b", "a\nnameserver 192.0.2.1", "#a", "a;b"],
    (search: string) => ({ dnsConfig: { searches: [search] } }),
  ],
  [
    "config.dns_config.options[0]",
    [...inNoName, "", "ndots:1 debug", "a\nnameserver 192.0.2.1"],
    (option: string) => ({ dnsConfig: { options: [option] } }),
  ],
  [
    "config.port_mappings[0].host_ip",
    [...inNoName, "a", "192.0.2.1;id", "--help"],
    (hostIp: string) => ({ portMappings: [{ containerPort: 80, hostPort: 0, hostIp }] }),
  ],
  ["config.labels", [long], (label: string) => ({ labels: { label } })],
  ["config.annotations", [long], (annotation: string) => ({ annotations: { annotation } })],
  [
    "linux.cgroup_parent",
    [...leadingOut, "/", "//", "/a:b", "/a\nb", `/${"a".repeat(256)}`, "/a".repeat(3000), "/a.slice"],
    (cgroupParent: string) => ({ linux: { cgroupParent } }),
  ],
  [
    "linux.sysctls",
    [
      "kernel.core_pattern",
      "../../kernel/core_pattern",
      "net/../kernel/core_pattern",
      "net.ipv4....kernel.core_pattern",
      "net",
      "kernel.shm_/../../core_pattern",
      "vm.overcommit_memory",
      "kernel.sem.x",
      "",
      "__proto__",
    ],
    (name: string) => ({ linux: { sysctls: Object.fromEntries([[name, "1"]]) } }),
  ],
  [
    "linux.sysctls",
    ["x", "1\n2", "1\0", long],
    (value: string) => ({ linux: { sysctls: { "net.ipv4.ip_forward": value } } }),
  ],
  [
    "config.linux.security_context.seccomp.localhost_ref",
    ["", ...inNoName, ...leadingOut, "/etc/passwd", "/dev/zero", "/proc/kmsg", "/", "/nonexistent/critter"],
    (localhostRef: string) => security({ seccomp: { profileType: "Localhost", localhostRef } }),
  ],
  [
    "config.linux.security_context.seccomp_profile_path",
    ["localhost/../../etc/passwd", "../x", "unconfined\n", long],
    (seccompProfilePath: string) => security({ seccompProfilePath }),
  ],
  [
    "config.linux.security_context.namespace_options.userns_options",
    [
      [{ hostId: 0, containerId: 0, length: 0 }],
      [{ hostId: 2 ** 32 - 1, containerId: 0, length: 10 }],
      [{ hostId: 1, containerId: 1, length: 1 }],
      [],
    ],
    (mappings: { hostId: number; containerId: number; length: number }[]) =>
      security({ namespaceOptions: { usernsOptions: { mode: "POD", uids: mappings, gids: mappings } } }),
  ],
];

/** The request, whole. */
export function podRequest(bed: FuzzBed, config: Config): object {
  const linux = { cgroupParent: bed.cgroupParent, ...config.linux };
  return { config: { metadata: metadata(), ...config, linux } };
}
