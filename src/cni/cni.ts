/** The pods' network: puts them in and takes them out through the CNI plugins that the administrator configured. */
import { status } from "@grpc/grpc-js";
import { failedPrecondition, messageOf, StatusError } from "../cri/status-error.ts";
import { isNamespace } from "../linux/namespaces.ts";
import { AttachmentCache, type AttachmentOwner, type CachedAttachment } from "./cache.ts";
import { capabilitiesOf, cniArgs, type PodAttachment } from "./capabilities.ts";
import { type Attachment, addChain, checkChain, deleteChain, gcChain } from "./chain.ts";
import { Exclusion } from "./exclusion.ts";
import { returnUnownedLeases } from "./host-local-leases.ts";
import type { NetworkConfig } from "./network-config.ts";
import { NetworkFollower } from "./network-follower.ts";
import { Plugins, parseOutput } from "./plugin.ts";
import { STATUS_TIMEOUT_MS } from "./readiness.ts";
import { type CniResult, podIps } from "./result.ts";
import { isAtLeast } from "./versions.ts";

export type { PodAttachment } from "./capabilities.ts";

// RunPodSandbox has four minutes of the kubelet, for ADD and, when that fails, DEL; StopPodSandbox has two.
const CHAIN_TIMEOUT_MS = 100_000;

export interface CniOptions {
  networkDir: string;
  pluginDirs: string[];
  cacheDir: string;
  /** The name of the network to use; the first of the folder when absent. */
  defaultNetwork?: string;
  /** The pod's interface; eth0. */
  ifName?: string;
  /** The limit of a network's plugins together, for one command; 100 s. */
  timeoutMs?: number;
}

/** RuntimeStatus's condition NetworkReady. */
export interface NetworkCondition {
  ready: boolean;
  reason: string;
  message: string;
}

export interface PodNetwork {
  /** The primary one first. */
  ips: string[];
  result: CniResult;
}

/** Different pods never wait for each other; calls about one pod must come one at a time. */
export class Cni {
  readonly #plugins: Plugins;
  readonly #cache: AttachmentCache;
  readonly #follower: NetworkFollower;
  readonly #ifName: string;
  readonly #options: CniOptions;
  readonly #adding = new Set<string>();
  // "The runtime must exclusively execute either gc or add and delete" (CNI 1.1, section 3).
  readonly #exclusion = new Exclusion();
  /** The network whose leases were looked at. */
  #mended: NetworkConfig | undefined;
  readonly #versions = new Map<string, Promise<string[]>>();

  constructor(options: CniOptions) {
    this.#options = options;
    this.#ifName = options.ifName ?? "eth0";
    this.#plugins = new Plugins(options.pluginDirs, options.timeoutMs ?? CHAIN_TIMEOUT_MS);
    this.#cache = new AttachmentCache(options.cacheDir);
    this.#follower = new NetworkFollower(this.#plugins, options.networkDir, options.defaultNetwork);
  }

  /** Reads the folder of configurations and follows it from then on. */
  start(): void {
    this.#follower.onChange(() => this.#mendNewNetwork());
    this.#follower.start();
  }

  /** What is known at this moment; asks the plugins again when that is some seconds old. */
  status(): NetworkCondition {
    const problem = this.#follower.problem;
    if (problem === undefined) return { ready: true, reason: "", message: "" };
    return { ready: false, reason: "NetworkPluginNotReady", message: problem };
  }

  /** Calls `listener` whenever the network or its readiness has changed. */
  onChange(listener: () => void): void {
    this.#follower.onChange(listener);
  }

  /** The configuration in force, for people who look. */
  config(): object {
    const { networkDir, pluginDirs } = this.#options;
    return { networkDir, pluginDirs, ifName: this.#ifName, network: this.#follower.network ?? null };
  }

  /**
   * Puts a pod into the network. When that fails, or `signal` aborts it, some plugins may have done their part: `remove` takes
   * it back. The error names the network, the plugin and what it said. FAILED_PRECONDITION where there is no network.
   */
  async add(pod: PodAttachment, signal?: AbortSignal): Promise<PodNetwork> {
    this.#adding.add(pod.id);
    try {
      return await this.#exclusion.shared(() => this.#add(pod, signal));
    } finally {
      this.#adding.delete(pod.id);
    }
  }

  async #add(pod: PodAttachment, signal?: AbortSignal): Promise<PodNetwork> {
    const network = this.#network();
    const missing = network.plugins.find(({ type }) => !this.#plugins.find(type));
    if (missing) {
      const where = this.#plugins.searched;
      throw failedPrecondition(
        `the pod's network is not ready: no plugin ${JSON.stringify(missing.type)} in ${where}`,
      );
    }
    const attachment = this.#attachment(pod);
    // Written ahead: a daemon that dies during ADD then knows what to delete.
    this.#cache.write({ ...attachment, network });
    const { raw, result } = await addChain(this.#plugins, network, attachment, signal);
    const ips = podIps(result, this.#ifName);
    // The kubelet would take such a pod for one without a sandbox, and make another, for ever.
    if (ips.length === 0) throw noAddress(network);
    this.#cache.write({ ...attachment, network, result: raw });
    return { ips, result };
  }

  /** Whether plugins have done something for the pod, or may have, that `remove` takes back. */
  owes(podId: string): boolean {
    return this.#cache.owners().some(({ containerId }) => containerId === podId);
  }

  /** What ADD answered for the pod, as the last plugin said it; undefined where it is not in the network. */
  result(podId: string): object | undefined {
    return this.#cache.read(podId, this.#ifName)?.result;
  }

  /** Asks the plugins whether the pod's network is as ADD left it; rejects with what they find. */
  async check(pod: Pick<PodAttachment, "id">): Promise<void> {
    const cached = this.#cache.read(pod.id, this.#ifName);
    if (!cached?.result) throw failedPrecondition(`pod ${pod.id} is not in the network`);
    const { network, result, ...attachment } = cached;
    if (network.disableCheck || !isAtLeast(network.cniVersion, "0.4.0")) return;
    await checkChain(this.#plugins, network, attachment, result);
  }

  /**
   * Takes a pod out of the network, by the configuration it came in with. A pod that was never in, is out already
   * or has lost its namespace is fine.
   */
  async remove(pod: PodAttachment): Promise<void> {
    await this.#exclusion.shared(async () => {
      const cached = this.#cache.read(pod.id, this.#ifName);
      if (cached) {
        await this.#delete(cached);
        return;
      }
      const network = this.#follower.network;
      const attachment = network && this.#attachmentIfValid(pod);
      if (network && attachment) await this.#delete({ ...attachment, network });
    });
  }

  /**
   * Frees what belongs to no pod of `attachments`: DEL for those that the cache knows, then GC where the network
   * speaks CNI 1.1. Rejects, after all was tried, with everything that failed.
   */
  async gc(attachments: { containerId: string; ifName: string }[]): Promise<void> {
    const ifName = this.#ifName;
    const valid = [...attachments, ...[...this.#adding].map((containerId) => ({ containerId, ifName }))];
    this.#mendLeases();
    const keys = new Set(valid.map(keyOf));
    const stale = this.#cache.owners().filter((owner) => !keys.has(keyOf(owner)));
    // Beside those that come and go: a plugin that hangs at DEL must not keep them out.
    const failures = await this.#exclusion.shared(() => this.#deleteAll(stale));
    const network = this.#follower.network;
    if (network && !network.disableGC && isAtLeast(network.cniVersion, "1.1.0")) {
      const staleKeys = new Set(stale.map(keyOf));
      // Those that came in meanwhile are in the cache.
      const present = () => this.#cache.owners().filter((owner) => !staleKeys.has(keyOf(owner)));
      const all = () => [...new Map([...valid, ...present()].map((one) => [keyOf(one), one])).values()];
      failures.push(...(await this.#exclusion.exclusive(() => gcChain(this.#plugins, network, all()))));
    }
    if (failures.length > 0) throw new Error(failures.map(messageOf).join("; "));
  }

  /** The versions of the specification that a plugin says it speaks (VERSION); asked once. */
  version(type: string): Promise<string[]> {
    const known = this.#versions.get(type);
    if (known) return known;
    const asked = this.#askVersion(type);
    this.#versions.set(type, asked);
    asked.catch(() => this.#versions.delete(type));
    return asked;
  }

  /** For people who look: the versions of the specification that each plugin of the network speaks; none for one that does not answer. */
  async pluginVersions(): Promise<Record<string, string[]>> {
    const types = this.#follower.network?.plugins.map(({ type }) => type) ?? [];
    const versions = await Promise.all(types.map((type) => this.version(type).catch(() => [])));
    return Object.fromEntries(types.map((type, index) => [type, versions[index] ?? []]));
  }

  /** Stops following the folder. */
  close(): void {
    this.#follower.close();
  }

  #network(): NetworkConfig {
    const { network, problem } = this.#follower;
    if (!network) throw failedPrecondition(`the pod's network is not ready: ${problem}`);
    return network;
  }

  #attachment(pod: PodAttachment): Attachment {
    return {
      containerId: pod.id,
      ifName: this.#ifName,
      netns: pod.netns,
      args: cniArgs(pod),
      capabilities: capabilitiesOf(pod),
    };
  }

  // A pod that cannot be described was refused by `add` before any plugin ran.
  #attachmentIfValid(pod: PodAttachment): Attachment | undefined {
    try {
      return this.#attachment(pod);
    } catch {
      return undefined;
    }
  }

  async #delete(cached: CachedAttachment): Promise<void> {
    const { network, result, ...attachment } = cached;
    // Plugins refuse a path that is no namespace, but take none as "it is gone".
    const netns = isNamespace(attachment.netns) ? attachment.netns : "";
    await deleteChain(this.#plugins, network, { ...attachment, netns }, result);
    this.#cache.remove(attachment.containerId, attachment.ifName);
  }

  async #deleteAll(stale: AttachmentOwner[]): Promise<unknown[]> {
    const outcomes = await Promise.allSettled(stale.map((owner) => this.#deleteOwned(owner)));
    return outcomes.filter((outcome) => outcome.status === "rejected").map((outcome) => outcome.reason);
  }

  /** An attachment that cannot be read is taken for one of the network in force. */
  async #deleteOwned(owner: AttachmentOwner): Promise<void> {
    const cached = this.#cache.read(owner.containerId, owner.ifName);
    const network = cached?.network ?? this.#follower.network;
    if (network) await this.#delete({ ...owner, netns: "", args: "", capabilities: {}, ...cached, network });
  }

  /** A network's configuration often comes only once the node is up. */
  #mendNewNetwork(): void {
    const { network } = this.#follower;
    if (network && network !== this.#mended) returnUnownedLeases([network]);
    this.#mended = network;
  }

  /** Those of the network in force, and of networks that pods have been in. */
  #mendLeases(): void {
    const cached = this.#cache.owners().map((owner) => this.#cache.read(owner.containerId, owner.ifName));
    const networks = [this.#follower.network, ...cached.map((attachment) => attachment?.network)];
    returnUnownedLeases(networks.filter((network) => network !== undefined));
  }

  async #askVersion(type: string): Promise<string[]> {
    const call = { command: "VERSION" as const, config: { cniVersion: "1.1.0", name: "version", type } };
    const { supportedVersions } = parseOutput(
      call,
      await this.#plugins.run(call, undefined, STATUS_TIMEOUT_MS),
    );
    return Array.isArray(supportedVersions) ? supportedVersions.map(String) : [];
  }
}

function noAddress({ name, plugins }: NetworkConfig): StatusError {
  const types = plugins.map(({ type }) => type).join(", ");
  return new StatusError(
    status.UNKNOWN,
    `CNI network ${JSON.stringify(name)}: its plugins (${types}) gave the pod no address`,
  );
}

function keyOf({ containerId, ifName }: AttachmentOwner): string {
  return `${containerId} ${ifName}`;
}
