/** Which sysctls a pod gets, and when: those of CNI's interfaces must wait for the interfaces. */
import type { PodSandboxConfig } from "../cri/messages.ts";
import { namespaceModes } from "./record.ts";

export interface PodSysctls {
  /** Set as soon as the namespaces are there. */
  early: Record<string, string>;
  /** Those of one interface, set when CNI has made it. */
  late: Record<string, string>;
}

/** Keys such as net.ipv4.conf.eth0.rp_filter; `all`, `default` and `lo` exist from the beginning. */
const ofInterface = /^net[./]ipv[46][./](conf|neigh)[./](?!(all|default|lo)[./])/;

/** The request's sysctls on top of the defaults; a default that belongs to a namespace of the host is left out. */
export function podSysctls(config: PodSandboxConfig, defaults: Record<string, string>): PodSysctls {
  const modes = namespaceModes(config);
  // A name may be anything, such as __proto__.
  const sysctls = new Map<string, string>();
  for (const [name, value] of Object.entries(defaults)) {
    const mode = /^net[./]/.test(name) ? modes.network : modes.ipc;
    if (mode !== "NODE") sysctls.set(name, value);
  }
  for (const [name, value] of Object.entries(config.linux?.sysctls ?? {})) sysctls.set(name, value);
  // On the host's network nothing is to come, so an interface's is refused like any other.
  const waits = (name: string) => modes.network !== "NODE" && ofInterface.test(name);
  const all = [...sysctls];
  return {
    early: Object.fromEntries(all.filter(([name]) => !waits(name))),
    late: Object.fromEntries(all.filter(([name]) => waits(name))),
  };
}
