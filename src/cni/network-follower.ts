/** The network in force: follows the folder of configurations and the readiness of the plugins it names. */
import { join } from "node:path";
import { FolderWatch } from "../linux/folder-watch.ts";
import { log } from "../log.ts";
import { type FolderReading, type NetworkConfig, readNetworkFolder } from "./network-config.ts";
import type { Plugins } from "./plugin.ts";
import { PluginReadiness } from "./readiness.ts";

/** Knows the network and its problems at any moment, without waiting. */
export class NetworkFollower {
  readonly #folder: string;
  readonly #defaultNetwork: string | undefined;
  readonly #readiness: PluginReadiness;
  readonly #listeners: (() => void)[] = [];
  #reading: FolderReading = { problem: "the network configuration has not been read yet", faults: [] };
  #watch: FolderWatch | undefined;
  /** Plugins of a network may also stand in the folder named for it. */
  #pluginWatch: FolderWatch | undefined;

  constructor(plugins: Plugins, folder: string, defaultNetwork: string | undefined) {
    this.#folder = folder;
    this.#defaultNetwork = defaultNetwork || undefined;
    this.#readiness = new PluginReadiness(plugins, () => this.#announce());
  }

  start(): void {
    this.#watch = new FolderWatch(this.#folder, () => this.#read());
    this.#read();
  }

  close(): void {
    this.#watch?.close();
    this.#pluginWatch?.close();
  }

  get network(): NetworkConfig | undefined {
    return this.#reading.network;
  }

  /** Why no pod can be added, or undefined. Looking at it has the plugins asked again when it is time. */
  get problem(): string | undefined {
    if (this.#reading.problem !== undefined) return this.#reading.problem;
    this.#readiness.refresh();
    return this.#readiness.problem;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #read(): void {
    const before = this.#reading;
    this.#reading = readNetworkFolder(this.#folder, this.#defaultNetwork);
    if (JSON.stringify(before) === JSON.stringify(this.#reading)) return;
    const { network, problem, faults } = this.#reading;
    for (const fault of faults) log.warn("CNI network configuration passed over", { fault });
    if (network) log.info("CNI network in force", { network: network.name, file: network.source });
    else log.warn("no CNI network", { problem });
    this.#followPlugins(before.network, network);
    this.#readiness.follow(network);
    this.#announce();
  }

  #followPlugins(before: NetworkConfig | undefined, now: NetworkConfig | undefined): void {
    const folder = (network?: NetworkConfig) =>
      network && !network.loadOnlyInlinedPlugins ? join(this.#folder, network.name) : undefined;
    if (folder(before) === folder(now)) return;
    this.#pluginWatch?.close();
    const path = folder(now);
    this.#pluginWatch = path ? new FolderWatch(path, () => this.#read()) : undefined;
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }
}
