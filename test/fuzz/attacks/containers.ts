/** Attacks by CreateContainer: what must be refused, by field. */
import type { ContainerConfig } from "../../../src/cri/messages.ts";
import type { Init } from "../../../src/cri/proto.ts";
import { containerConfig } from "../../support/configs.ts";
import type { FuzzBed } from "../bed.ts";
import type { Attacks } from "./pods.ts";
import { inNoName, inNoPath, leadingOut, long } from "./texts.ts";

type Config = Init<ContainerConfig>;
type Linux = NonNullable<Config["linux"]>;

const security = (securityContext: NonNullable<Linux["securityContext"]>): Config => ({
  linux: { securityContext },
});
const limits = (resources: NonNullable<Linux["resources"]>): Config => ({ linux: { resources } });
const longPath = `/${"a".repeat(300)}`;
const notAbsolute = [...leadingOut, "a", ".", "~/a"];

/** What is absent is added: a name, an image, a command. */
export const containerAttacks: Attacks<Config> = [
  [
    "config.metadata.name",
    [...inNoName, ...leadingOut, "a/b", "a;B=c", ""],
    (name: string) => ({ metadata: { name, attempt: 0 } }),
  ],
  [
    "config.log_path",
    [...inNoPath, ...leadingOut, "/../x", "a:b", ".", "a/", longPath],
    (logPath: string) => ({ logPath }),
  ],
  [
    "image",
    ["../x", "a\nb", "a b", "\u202ea", "a".repeat(300), long, "a:", "a@sha256:0"],
    (image: string) => ({ image: { image } }),
  ],
  [
    "config.command",
    [[""], ["a\0b"], [long], ["/nonexistent"], ["/etc"], ["a".repeat(5000)]],
    (command: string[]) => ({ command }),
  ],
  ["config.args", [[long], Array(70).fill("a".repeat(100_000)), ["\0"]], (args: string[]) => ({ args })],
  [
    "config.envs[0].key",
    ["", "A=B", "A\0B"],
    (key: string) => ({ envs: [{ key, value: Buffer.from("v") }] }),
  ],
  ["config.envs", ["a\0b", long], (value: string) => ({ envs: [{ key: "A", value: Buffer.from(value) }] })],
  ["config.working_dir", [...notAbsolute, ...inNoName, longPath], (workingDir: string) => ({ workingDir })],
  [
    "config.mounts[0].container_path",
    ["", "/", "/..", "/proc/sys/x", "/etc/passwd", ...notAbsolute, ...inNoName, longPath],
    (containerPath: string) => ({ mounts: [{ containerPath, hostPath: "/tmp" }] }),
  ],
  [
    "config.mounts[0].host_path",
    ["", ...notAbsolute, ...inNoName, longPath, "/etc/passwd/x", "/dev/null/x"],
    (hostPath: string) => ({ mounts: [{ containerPath: "/m", hostPath }] }),
  ],
  [
    "config.mounts[0].image_sub_path",
    [...leadingOut, "/etc", "nonexistent", "a\0b"],
    (imageSubPath: string) => ({
      mounts: [{ containerPath: "/m", readonly: true, image: containerConfig().image, imageSubPath }],
    }),
  ],
  [
    "config.mounts[0].mount_options[0]",
    ["rw", "exec,dev", "", "noexec\nsuid", long],
    (option: string) => ({ mounts: [{ containerPath: "/m", hostPath: "/tmp", mountOptions: [option] }] }),
  ],
  [
    "config.devices[0].host_path",
    ["", ...notAbsolute, "/", "/proc", "/etc/passwd", "/nonexistent", "/dev/null/x", "a\0b"],
    (hostPath: string) => ({ devices: [{ hostPath, containerPath: "/dev/x", permissions: "r" }] }),
  ],
  [
    "config.devices[0].container_path",
    [...notAbsolute, ...inNoName],
    (containerPath: string) => ({ devices: [{ hostPath: "/dev/null", containerPath, permissions: "r" }] }),
  ],
  [
    "config.devices[0].permissions",
    ["x", "rr", "rwmx", "\n", long],
    (permissions: string) => ({ devices: [{ hostPath: "/dev/null", containerPath: "/dev/x", permissions }] }),
  ],
  [
    "config.CDI_devices[0].name",
    ["", "a", "../x=y", "v/c=\n", "v/c=..", long],
    (name: string) => ({ CDIDevices: [{ name }] }),
  ],
  [
    "config.annotations",
    ["../x=y", "v/c=\n"],
    (value: string) => ({ annotations: { "cdi.k8s.io/a": value } }),
  ],
  ["config.labels", [long], (label: string) => ({ labels: { label } })],
  ["config.annotations", [long], (annotation: string) => ({ annotations: { annotation } })],
  [
    "config.linux.security_context.run_as_user",
    [-1, 2 ** 32 - 1, 2 ** 40],
    (value: number) => security({ runAsUser: { value } }),
  ],
  [
    "config.linux.security_context.run_as_username",
    ["root:0", "nonexistent", "../x", "\n", "__proto__", long],
    (runAsUsername: string) => security({ runAsUsername }),
  ],
  [
    "config.linux.security_context.supplemental_groups",
    [[-1], [2 ** 32], Array(70_000).fill(5)],
    (supplementalGroups: number[]) => security({ supplementalGroups }),
  ],
  [
    "config.linux.security_context.capabilities.add_capabilities",
    ["", "CAP_", "__proto__", "SYS_ADMIN\n", "toString", long],
    (name: string) => security({ capabilities: { addCapabilities: [name] } }),
  ],
  [
    "config.linux.security_context.masked_paths[0]",
    [...notAbsolute, "/a\nb", longPath],
    (path: string) => security({ maskedPaths: [path] }),
  ],
  [
    "config.linux.security_context.readonly_paths[0]",
    [...notAbsolute, "/a\nb", longPath],
    (path: string) => security({ readonlyPaths: [path] }),
  ],
  [
    "config.linux.security_context.seccomp.localhost_ref",
    ["", ...leadingOut, "/etc/passwd", "/dev/zero", "/proc/kmsg", "/", longPath, long],
    (localhostRef: string) => security({ seccomp: { profileType: "Localhost", localhostRef } }),
  ],
  [
    "config.linux.security_context.namespace_options.target_id",
    ["", "../x", "\n", long],
    (targetId: string) => security({ namespaceOptions: { pid: "TARGET", targetId } }),
  ],
  ["config.linux.security_context.privileged", [true], (privileged: boolean) => security({ privileged })],
  [
    "config.linux.resources.cpuset_cpus",
    ["0-4294967295", "0-99999999999999999999", "-1", "0,", "a", "0\n", "0-0,".repeat(10_000)],
    (cpusetCpus: string) => limits({ cpusetCpus }),
  ],
  [
    "config.linux.resources.unified",
    ["../x", "memory.max/../../x", "__proto__", "", "a\n"],
    (name: string) => limits({ unified: Object.fromEntries([[name, "1"]]) }),
  ],
  [
    "config.linux.resources.hugepage_limits[0]",
    ["../x", "2MB\n", long],
    (pageSize: string) => limits({ hugepageLimits: [{ pageSize, limit: 1 }] }),
  ],
  [
    "config.linux.resources.memory_limit_in_bytes",
    [-2, 1],
    (bytes: number) => limits({ memoryLimitInBytes: bytes }),
  ],
  [
    "config.linux.resources.oom_score_adj",
    [-1001, 1001, 2 ** 40],
    (oomScoreAdj: number) => limits({ oomScoreAdj }),
  ],
];

/** The request, whole. */
export function containerRequest(bed: FuzzBed, config: Config): object {
  return { podSandboxId: bed.podSandboxId, config: containerConfig(config), sandboxConfig: bed.podConfig };
}
