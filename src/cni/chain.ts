/** The plugins of one network, run one after another for one attachment (CNI 1.1, section 3). */
import type { Capabilities } from "./capabilities.ts";
import type { NetworkConfig, PluginConfig } from "./network-config.ts";
import { CniError, type ExecutionConfig, type PluginCall, type Plugins, parseOutput } from "./plugin.ts";
import { type CniResult, readResult } from "./result.ts";
import { isAtLeast } from "./versions.ts";

/** One interface of one container in one network: what every call about it says. */
export interface Attachment {
  containerId: string;
  ifName: string;
  netns: string;
  /** CNI_ARGS. */
  args: string;
  capabilities: Capabilities;
}

/** A result as the last plugin printed it; the next call's `prevResult`. */
export type RawResult = Record<string, unknown>;

interface Additions {
  capabilities?: Capabilities;
  prevResult?: RawResult | undefined;
  [key: string]: unknown;
}

/** ADD, first plugin to last. Rejects with the CniError of the plugin that failed. */
export async function addChain(
  plugins: Plugins,
  network: NetworkConfig,
  attachment: Attachment,
  signal?: AbortSignal,
): Promise<{ raw: RawResult; result: CniResult }> {
  const left = plugins.countdown();
  let raw: RawResult | undefined;
  let result: CniResult | undefined;
  for (const plugin of network.plugins) {
    const call = callOf("ADD", network, plugin, attachment, raw);
    raw = parseOutput(call, await plugins.run(call, signal, left()));
    result = understand(call, raw);
  }
  return { raw: raw!, result: result! };
}

/** DEL, last plugin to first; the first that fails ends it, and the caller tries again later. */
export async function deleteChain(
  plugins: Plugins,
  network: NetworkConfig,
  attachment: Attachment,
  result: RawResult | undefined,
): Promise<void> {
  // Before 0.4.0 DEL knew no prevResult.
  const prevResult = isAtLeast(network.cniVersion, "0.4.0") ? result : undefined;
  const left = plugins.countdown();
  for (const plugin of network.plugins.toReversed()) {
    await plugins.run(callOf("DEL", network, plugin, attachment, prevResult), undefined, left());
  }
}

/** CHECK, first plugin to last, ended by the first that finds fault. */
export async function checkChain(
  plugins: Plugins,
  network: NetworkConfig,
  attachment: Attachment,
  result: RawResult,
): Promise<void> {
  const left = plugins.countdown();
  for (const plugin of network.plugins) {
    await plugins.run(callOf("CHECK", network, plugin, attachment, result), undefined, left());
  }
}

/** STATUS of every plugin, ended by the first that is not ready to ADD. */
export async function statusChain(
  plugins: Plugins,
  network: NetworkConfig,
  timeoutMs: number,
): Promise<void> {
  const left = plugins.countdown(timeoutMs);
  for (const plugin of network.plugins) {
    const config = executionConfig(network, plugin, {});
    await plugins.run({ command: "STATUS", config }, undefined, left());
  }
}

/** GC of every plugin, also after one that fails; returns the failures. */
export async function gcChain(
  plugins: Plugins,
  network: NetworkConfig,
  valid: { containerId: string; ifName: string }[],
): Promise<Error[]> {
  const attachments = valid.map(({ containerId, ifName }) => ({ containerID: containerId, ifname: ifName }));
  const failures: Error[] = [];
  for (const plugin of network.plugins) {
    const config = executionConfig(network, plugin, { "cni.dev/valid-attachments": attachments });
    await plugins.run({ command: "GC", config }).catch((error: Error) => failures.push(error));
  }
  return failures;
}

function callOf(
  command: PluginCall["command"],
  network: NetworkConfig,
  plugin: PluginConfig,
  attachment: Attachment,
  prevResult: RawResult | undefined,
): PluginCall {
  const { capabilities, ...rest } = attachment;
  return { command, config: executionConfig(network, plugin, { capabilities, prevResult }), ...rest };
}

// "Deriving execution configuration from plugin configuration": `capabilities` stays behind, what it declares goes along.
function executionConfig(
  network: NetworkConfig,
  plugin: PluginConfig,
  additions: Additions,
): ExecutionConfig {
  const { capabilities: declared = {}, ...own } = plugin;
  const { capabilities = {}, prevResult, ...others } = additions;
  const given = Object.entries(capabilities).filter(([name]) => declared[name] === true);
  return {
    ...own,
    name: network.name,
    cniVersion: network.cniVersion,
    ...(given.length > 0 && { runtimeConfig: Object.fromEntries(given) }),
    ...(prevResult && { prevResult }),
    ...others,
  };
}

function understand(call: PluginCall, raw: RawResult): CniResult {
  try {
    return readResult(raw);
  } catch (error) {
    throw new CniError(call, `wrong result: ${(error as Error).message}`);
  }
}
