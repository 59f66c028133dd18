/** The programs of a cluster, which `scripts/setup --kubelet` builds and fetches. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "../../cache.ts";

const kubernetes = (name: string) => join(cacheDir(), "bin", "kubelet", name);

export const ETCD = join(cacheDir(), "etcd", "etcd");
export const APISERVER = kubernetes("kube-apiserver");
export const CONTROLLER_MANAGER = kubernetes("kube-controller-manager");
export const SCHEDULER = kubernetes("kube-scheduler");
export const PROXY = kubernetes("kube-proxy");
export const KUBECTL = kubernetes("kubectl");
export const KUBELET = kubernetes("kubelet");
/** Without it there is no `kubectl top`. */
export const METRICS_SERVER = join(cacheDir(), "bin", "metrics-server", "metrics-server");

/** Those that a cluster cannot be without and that are not there. */
export function missingPrograms(): string[] {
  const needed = [ETCD, APISERVER, CONTROLLER_MANAGER, SCHEDULER, PROXY, KUBECTL, KUBELET];
  return needed.filter((path) => !existsSync(path));
}
