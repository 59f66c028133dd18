/** etcd, the apiserver, the controllers, the scheduler and kube-proxy, on the ports that they have by default. */
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { Agent, get } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Child } from "../../support/child.ts";
import { type Certificates, type Client, makeCertificates } from "./certificates.ts";
import { writeKubeconfigs } from "./kubeconfig.ts";
import { LaunchedPrograms } from "./launched.ts";
import { APISERVER, CONTROLLER_MANAGER, PROXY, SCHEDULER } from "./programs.ts";

const run = promisify(execFile);

export interface ControlPlaneOptions {
  /** Gets the certificates, kubeconfigs, data and logs of all. */
  folder: string;
  nodeName: string;
  /** The node's address, which pods reach the apiserver at too. */
  address: string;
}

const SERVICE_RANGE = "10.96.0.0/16";
/** The first of the range: the service `kubernetes`. */
export const APISERVER_SERVICE = "10.96.0.1";
const PORT = 6443;
const ETCD_CLIENTS = "http://127.0.0.1:2379";

export class ControlPlane {
  readonly folder: string;
  readonly server: string;
  readonly certificates: Certificates;
  /** As the administrator. */
  readonly kubeconfig: string;
  /** As the node's kubelet. */
  readonly kubeletKubeconfig: string;
  readonly #proxyFlags: Record<string, string>;
  #proxy: Child | undefined;
  readonly #programs: LaunchedPrograms;

  private constructor(
    { folder, address, nodeName }: ControlPlaneOptions,
    certificates: Certificates,
    kubeconfigs: Record<Client, string>,
  ) {
    this.folder = folder;
    this.server = `https://${address}:${PORT}`;
    this.certificates = certificates;
    this.kubeconfig = kubeconfigs.administrator;
    this.kubeletKubeconfig = kubeconfigs.kubelet;
    this.#proxyFlags = proxyFlags(kubeconfigs.proxy, nodeName);
    this.#programs = new LaunchedPrograms(join(folder, "logs"));
  }

  /** Starts all but kube-proxy. Rejects with the end of the log of one that ends instead. */
  static async start(options: ControlPlaneOptions): Promise<ControlPlane> {
    const { folder, address, nodeName } = options;
    const addresses = [address, "127.0.0.1", APISERVER_SERVICE];
    const certificates = await makeCertificates(join(folder, "certificates"), nodeName, addresses);
    const kubeconfigs = await writeKubeconfigs(folder, `https://${address}:${PORT}`, certificates);
    const plane = new ControlPlane(options, certificates, kubeconfigs);
    const programs = plane.#programs;
    try {
      await mkdir(join(folder, "logs"));
      programs.launchEtcd(join(folder, "etcd"), ETCD_CLIENTS, "http://127.0.0.1:2380");
      const flags = apiserverFlags(folder, address, certificates);
      programs.launch("apiserver", APISERVER, flags);
      const agent = new Agent({ rejectUnauthorized: false });
      await programs.untilReady(() => askReadiness(plane.server, agent));
      const controllers = controllerFlags(folder, kubeconfigs.controllerManager, certificates);
      programs.launch("controllers", CONTROLLER_MANAGER, controllers);
      programs.launch("scheduler", SCHEDULER, schedulerFlags(kubeconfigs.scheduler));
      return plane;
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  /** From now on services have addresses. */
  startProxy(): void {
    this.#proxy = this.#programs.launch("proxy", PROXY, this.#proxyFlags);
  }

  /** Ends kube-proxy and lets it remove its rules. */
  async stopProxy(): Promise<void> {
    if (!this.#proxy?.running) return;
    await this.#programs.end(this.#proxy);
    await run(PROXY, ["--cleanup", `--hostname-override=${this.#proxyFlags["hostname-override"]}`]);
    // What a kubelet would have made too is left to it.
    for (const chain of ["INPUT", "OUTPUT"])
      await run("iptables", ["-w", "-D", chain, "-j", "KUBE-FIREWALL"]);
    for (const change of ["-F", "-X"]) await run("iptables", ["-w", change, "KUBE-FIREWALL"]);
  }

  /** Rejects with the end of the log of one that has ended. */
  assertRunning(): Promise<void> {
    return this.#programs.assertRunning();
  }

  /** Ends them, the latest first. */
  stop(): Promise<void> {
    return this.#programs.stop();
  }
}

/** Rejects unless the apiserver says that it is ready. */
async function askReadiness(server: string, agent: Agent): Promise<void> {
  const status = await statusOf(`${server}/readyz`, agent);
  if (status !== 200) throw new Error(`${server}/readyz answers ${status}`);
}

/** Undefined where nobody answers. */
function statusOf(url: string, agent: Agent): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    request.on("error", () => resolve(undefined));
  });
}

function apiserverFlags(folder: string, address: string, certificates: Certificates): Record<string, string> {
  const { authority, apiserver, clients, frontProxy, frontProxyAuthority, serviceAccounts } = certificates;
  return {
    "etcd-servers": ETCD_CLIENTS,
    "advertise-address": address,
    "secure-port": String(PORT),
    "cert-dir": join(folder, "certificates"),
    "service-cluster-ip-range": SERVICE_RANGE,
    "authorization-mode": "Node,RBAC",
    "enable-admission-plugins": "NodeRestriction",
    "allow-privileged": "true",
    "client-ca-file": authority.cert,
    "tls-cert-file": apiserver.cert,
    "tls-private-key-file": apiserver.key,
    "kubelet-client-certificate": clients.administrator.cert,
    "kubelet-client-key": clients.administrator.key,
    // Nobody resolves names.
    "kubelet-preferred-address-types": "InternalIP",
    "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
    "service-account-key-file": serviceAccounts.publicKey,
    "service-account-signing-key-file": serviceAccounts.privateKey,
    "requestheader-client-ca-file": frontProxyAuthority.cert,
    "requestheader-allowed-names": "front-proxy-client",
    "requestheader-username-headers": "X-Remote-User",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "proxy-client-cert-file": frontProxy.cert,
    "proxy-client-key-file": frontProxy.key,
  };
}

function controllerFlags(
  folder: string,
  kubeconfig: string,
  { authority, serviceAccounts }: Certificates,
): Record<string, string> {
  return {
    kubeconfig,
    "bind-address": "127.0.0.1",
    "leader-elect": "false",
    "use-service-account-credentials": "true",
    "service-account-private-key-file": serviceAccounts.privateKey,
    "root-ca-file": authority.cert,
    "flex-volume-plugin-dir": join(folder, "volume-plugins"),
    "cluster-signing-cert-file": authority.cert,
    "cluster-signing-key-file": authority.key,
  };
}

function schedulerFlags(kubeconfig: string): Record<string, string> {
  return { kubeconfig, "bind-address": "127.0.0.1", "leader-elect": "false" };
}

function proxyFlags(kubeconfig: string, nodeName: string): Record<string, string> {
  return {
    kubeconfig,
    "hostname-override": nodeName,
    "proxy-mode": "iptables",
    "healthz-bind-address": "127.0.0.1:10256",
    "metrics-bind-address": "127.0.0.1:10249",
    // A bridge hands an answer from pod to pod past the rules that would translate it back.
    "masquerade-all": "true",
    // The machine's own, in every namespace.
    "conntrack-max-per-core": "0",
    "conntrack-min": "0",
    "conntrack-tcp-timeout-established": "0s",
    "conntrack-tcp-timeout-close-wait": "0s",
  };
}
