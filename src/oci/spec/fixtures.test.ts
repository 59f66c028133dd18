/** Requests as the server decodes them, and a host to build for; used by the tests beside this file. */
import type { Cgroups } from "../../cgroups/hierarchy.ts";
import type { ContainerConfig, LinuxContainerResources, PodSandboxConfig } from "../../cri/messages.ts";
import { type Init, loadCri } from "../../cri/proto.ts";
import type { ContainerSpecInput } from "./container.ts";
import type { Host } from "./host.ts";

const { RuntimeService } = loadCri();

/** A CreateContainer request's two configurations, with every field that the sender left out at its default. */
export function decoded(
  config: Init<ContainerConfig>,
  sandboxConfig: Init<PodSandboxConfig> = {},
): { config: ContainerConfig; sandboxConfig: PodSandboxConfig } {
  const { requestSerialize, requestDeserialize } = RuntimeService.CreateContainer;
  const request = requestDeserialize(requestSerialize({ config, sandboxConfig }));
  return {
    config: request.config as ContainerConfig,
    sandboxConfig: request.sandboxConfig as PodSandboxConfig,
  };
}

/** Decoded resources. */
export function resources(fields: Init<LinuxContainerResources>): LinuxContainerResources {
  return decoded({ linux: { resources: fields } }).config.linux?.resources as LinuxContainerResources;
}

/** A machine with cgroup `version`, where the daemon has every capability it might need. */
export function hostWith(version: Cgroups["version"], fields: Partial<Host> = {}, limitsSwap = true): Host {
  const unified = { mount: "/sys/fs/cgroup", controllers: ["cpu", "memory"], unified: true, own: "/" };
  return {
    cgroups: { version, hierarchies: version === "v2" ? [unified] : [], limitsSwap },
    capabilities: new Set(["CAP_CHOWN", "CAP_KILL", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_ADMIN"]),
    minimumOomScoreAdj: -1000,
    hugepageSizes: new Set(["2MB"]),
    online: () => "0-1,2-7",
    seccomp: true,
    ...fields,
  };
}

/** Everything buildContainerSpec needs for a container in an ordinary pod; `rootfs` must exist. */
export function containerInput(
  rootfs: string,
  config: Init<ContainerConfig>,
  sandboxConfig: Init<PodSandboxConfig> = {},
  fields: Partial<ContainerSpecInput> = {},
): ContainerSpecInput {
  return {
    id: "c1",
    ...decoded(config, sandboxConfig),
    sandbox: {
      id: "s1",
      hostname: "pod-host",
      pausePid: 4242,
      pinned: { net: "/run/netns/s1", ipc: "/run/ipcns/s1", uts: "/run/utsns/s1" },
      files: { hostname: "/s1/hostname", hosts: "/s1/hosts", resolvConf: "/s1/resolv.conf", shm: "/s1/shm" },
    },
    image: { Cmd: ["/bin/program"] },
    rootfs,
    cgroupsPath: "/pods/c1",
    runtime: {
      defaultCapabilities: ["CHOWN", "KILL"],
      defaultEnv: [],
      defaultUlimits: [],
      pidsLimit: -1,
      readOnly: false,
      addInheritableCapabilities: false,
      seccompProfile: "",
      privilegedSeccompProfile: "",
      additionalDevices: [],
      allowedDevices: [],
      deviceOwnershipFromSecurityContext: false,
      absentMountSourcesToReject: [],
    },
    handler: { privilegedWithoutHostDevices: false },
    host: hostWith("v2"),
    ...fields,
  };
}
