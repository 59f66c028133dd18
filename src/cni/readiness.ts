/** Whether the plugins of the network are there and, since CNI 1.1, whether they say they can ADD. */
import { messageOf } from "../cri/status-error.ts";
import { statusChain } from "./chain.ts";
import type { NetworkConfig } from "./network-config.ts";
import type { Plugins } from "./plugin.ts";
import { isAtLeast } from "./versions.ts";

// The kubelet asks for Status every five seconds; each answer is at most that old.
const FRESH_MS = 3_000;
/** The limit of a plugin that only has to tell something. */
export const STATUS_TIMEOUT_MS = 10_000;

/** Knows what was last found out, and finds out anew at most every few seconds. */
export class PluginReadiness {
  readonly #plugins: Plugins;
  readonly #changed: () => void;
  #network: NetworkConfig | undefined;
  #problem: string | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking = false;

  /** `changed` is called when `problem` is another one than before. */
  constructor(plugins: Plugins, changed: () => void) {
    this.#plugins = plugins;
    this.#changed = changed;
  }

  /** Why the network's plugins cannot be used; undefined when they can. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Turns to another network and asks its plugins at once. */
  follow(network: NetworkConfig | undefined): void {
    this.#network = network;
    this.#askedAt = Number.NEGATIVE_INFINITY;
    this.#asking = false;
    if (network && isAtLeast(network.cniVersion, "1.1.0")) {
      this.#set(`CNI network ${JSON.stringify(network.name)}: its plugins have not answered STATUS yet`);
    }
    this.refresh();
  }

  /** Asks again, unless that is under way or was a moment ago. */
  refresh(): void {
    const network = this.#network;
    if (this.#asking || performance.now() - this.#askedAt < FRESH_MS) return;
    this.#askedAt = performance.now();
    if (!network) {
      this.#set(undefined);
      return;
    }
    const missing = network.plugins.find((plugin) => !this.#plugins.find(plugin.type));
    if (missing) {
      const where = `CNI network ${JSON.stringify(network.name)} (${network.source})`;
      this.#set(`${where}: no plugin ${JSON.stringify(missing.type)} in ${this.#plugins.searched}`);
    } else if (isAtLeast(network.cniVersion, "1.1.0")) void this.#ask(network);
    else this.#set(undefined);
  }

  async #ask(network: NetworkConfig): Promise<void> {
    this.#asking = true;
    const problem = await statusChain(this.#plugins, network, STATUS_TIMEOUT_MS).then(
      () => undefined,
      (error: unknown) => messageOf(error),
    );
    // Another network has come meanwhile: this answer is about nothing any more.
    if (this.#network !== network) return;
    this.#asking = false;
    this.#set(problem);
  }

  #set(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#changed();
  }
}
