/** What a kubelet leaves on a machine by default, and one under test may not: folders and sysctls. */
import { existsSync, readFileSync } from "node:fs";

const FOLDERS = ["/var/lib/kubelet", "/var/log/containers", "/var/log/pods"];
const SYSCTLS = ["vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops"];

/** One line for each; the same before and after. */
export function machineTraces(): string[] {
  return [
    ...FOLDERS.filter((path) => existsSync(path)),
    ...SYSCTLS.map((name) => `${name}=${readFileSync(`/proc/sys/${name}`, "utf8").trim()}`),
  ];
}
