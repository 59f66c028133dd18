/** What a kubelet leaves on a machine by default, and one under test may not: folders, sysctls, chains of iptables. */
import { existsSync, readFileSync } from "node:fs";
import { iptablesChains } from "../../support/network.ts";

const FOLDERS = [
  "/var/lib/kubelet",
  "/var/log/containers",
  "/var/log/pods",
  "/usr/libexec/kubernetes",
  "/etc/kubernetes",
];
const SYSCTLS = ["vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops"];

/** One line for each; the same before and after. */
export async function machineTraces(): Promise<string[]> {
  const chains = (await iptablesChains()).filter((name) => name.startsWith("KUBE-"));
  return [
    ...FOLDERS.filter((path) => existsSync(path)),
    ...SYSCTLS.map((name) => `${name}=${readFileSync(`/proc/sys/${name}`, "utf8").trim()}`),
    ...chains.sort(),
  ];
}
