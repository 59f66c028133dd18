/** sysctl(8) names: where they live under /proc/sys, and which of a pod's namespaces they belong to. */
import { invalidArgument } from "../cri/status-error.ts";
import { shown } from "../printable.ts";

export type NamespaceType = "net" | "ipc" | "uts";

/** One setting, ready to be written by a thread inside its namespace. */
export interface Sysctl {
  name: string;
  value: string;
  /** Below /proc/sys. */
  path: string;
  namespace: NamespaceType;
}

const ipcSysctl = /^(kernel\/(shm|msg)[^/]*|kernel\/sem|fs\/mqueue\/.+)$/;
const utsSysctl = /^kernel\/(hostname|domainname)$/;

const controlBesidesTab = /[^\P{Cc}\t]/u;

/**
 * Reads `sysctls` (`LinuxPodSandboxConfig.sysctls`), each of which must belong to one of `namespaces`: another
 * would change the node. Names are `a.b.c` or `a/b/c`, as in sysctl.d(5). Throws INVALID_ARGUMENT.
 */
export function readSysctls(
  sysctls: Record<string, string>,
  namespaces: ReadonlySet<NamespaceType>,
): Sysctl[] {
  return Object.entries(sysctls).map(([name, value]) => {
    const path = sysctlPath(name);
    if (!path) throw sysctlError(name, value, "not the name of a sysctl");
    // The kernel would take the first line and leave the others.
    if (controlBesidesTab.test(value.trimEnd())) throw sysctlError(name, value, "it must be one line");
    const namespace = namespaceOf(path);
    if (!namespace) throw sysctlError(name, value, "it belongs to no namespace, so it would change the node");
    if (!namespaces.has(namespace)) {
      throw sysctlError(name, value, `the pod has no ${namespace} namespace of its own`);
    }
    return { name, value, path, namespace };
  });
}

/** Whether the sysctl `name` is one of a namespace that a pod can have for itself. */
export function isNamespacedSysctl(name: string): boolean {
  const path = sysctlPath(name);
  return path !== undefined && namespaceOf(path) !== undefined;
}

/** INVALID_ARGUMENT for the sysctl `name`. */
export function sysctlError(name: string, value: string, reason: string): Error {
  return invalidArgument(`linux.sysctls[${shown(name)}]`, value, reason);
}

// The separator that comes first is the separator; the other one then stands for itself (eth0.100 and eth0/100).
function sysctlPath(name: string): string | undefined {
  const dotted = name.indexOf("/") === -1 || (name.includes(".") && name.indexOf(".") < name.indexOf("/"));
  const path = dotted ? name.replace(/[./]/g, (c) => (c === "." ? "/" : ".")) : name;
  const parts = path.split("/");
  const wellFormed = parts.every(
    (part) => part !== "" && part !== "." && part !== ".." && !part.includes("\0"),
  );
  return wellFormed ? path : undefined;
}

function namespaceOf(path: string): NamespaceType | undefined {
  if (path.startsWith("net/")) return "net";
  if (ipcSysctl.test(path)) return "ipc";
  return utsSysctl.test(path) ? "uts" : undefined;
}
