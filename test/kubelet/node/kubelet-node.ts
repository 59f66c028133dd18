/** A node: one critter, one kubelet on it, and the folder for its static pods. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { unmount } from "../../../src/linux/mount.ts";
import { removeAllPods } from "../../support/cri.ts";
import { type Daemon, type DaemonOptions, startDaemon } from "../../support/daemon.ts";
import { eventually } from "../../support/eventually.ts";
import { assertNothingLeft, countWithNothing } from "../../support/pods.ts";
import type { Resources } from "../../support/resources.ts";
import { mountsBelow } from "../../support/sweep.ts";
import { makeCgroupRoot, removeSlice } from "./cgroup-root.ts";
import { Kubelet, type KubeletOptions } from "./kubelet.ts";
import type { KubeletConfiguration } from "./kubelet-config.ts";
import { machineTraces } from "./machine-traces.ts";
import { StaticPods } from "./static-pods.ts";

export interface KubeletNodeOptions {
  /** Host and port of the registry that mirrors all others. */
  registry: string;
  /** Of critter. */
  daemon?: Omit<DaemonOptions, "registry">;
  /** Fields of the kubelet's configuration that differ from kubelet-config.ts's. */
  config?: KubeletConfiguration;
  /** More of its command line, and its name. */
  kubelet?: Pick<KubeletOptions, "args" | "nodeName">;
}

/** What was there before the kubelet. */
interface Before {
  resources: Resources;
  images: string[];
  traces: string[];
}

export class KubeletNode {
  /** Host and port of the registry, for a feature that starts a node of its own. */
  readonly registry: string;
  readonly daemon: Daemon;
  readonly kubelet: Kubelet;
  readonly pods: StaticPods;
  readonly #before: Before;

  private constructor(registry: string, daemon: Daemon, kubelet: Kubelet, before: Before) {
    this.registry = registry;
    this.daemon = daemon;
    this.kubelet = kubelet;
    this.pods = new StaticPods(kubelet, daemon.client);
    this.#before = before;
  }

  static async start({
    registry,
    daemon: options,
    config,
    kubelet: more,
  }: KubeletNodeOptions): Promise<KubeletNode> {
    const traces = machineTraces();
    const daemon = await startDaemon({ registry, ...options, settings: withEvents(options?.settings) });
    try {
      const resources = await countWithNothing(daemon);
      const before = { resources, images: await imagesOf(daemon), traces };
      const folder = join(daemon.folder, "kubelet");
      await mkdir(folder);
      const cgroupRoot = await makeCgroupRoot(daemon.cgroupParent);
      const kubelet = await Kubelet.start({ folder, socket: daemon.socket, cgroupRoot, config, ...more });
      return new KubeletNode(registry, daemon, kubelet, before);
    } catch (error) {
      await daemon.dispose();
      throw error;
    }
  }

  /** The cgroup, from the hierarchies' root, below which the kubelet keeps what it calls `/kubepods`. */
  get cgroupRoot(): string {
    return this.daemon.cgroupParent;
  }

  /** A new folder that the kubelet, its pods and the machine see alike, mounts in it too. It goes with the node. */
  async sharedFolder(): Promise<string> {
    const parent = join(this.kubelet.folder, "shared");
    await mkdir(parent, { recursive: true });
    return mkdtemp(join(parent, "folder-"));
  }

  /** Copies both logs to `folder`, which is made. */
  saveLogs(folder: string): void {
    mkdirSync(folder, { recursive: true });
    copyFileSync(this.kubelet.logFile, join(folder, "kubelet.log"));
    copyFileSync(join(this.daemon.folder, "critter.log"), join(folder, "critter.log"));
  }

  /** Fails unless the kubelet has put away what its pods had, and critter holds no more than before the first of them. */
  async assertNothingLeft(): Promise<void> {
    const { daemon, kubelet } = this;
    const { client } = daemon;
    await eventually(() => assert.deepEqual(readdirSync(join(kubelet.rootDir, "pods")), []), 30);
    await kubelet.dispose();
    await removeAllPods(client);
    for (const reference of await imagesOf(daemon)) {
      if (this.#before.images.includes(reference)) continue;
      await client.image.RemoveImage({ image: { image: reference } });
    }
    assert.deepEqual(mountsBelow(kubelet.folder), [kubelet.folder]);
    unmount(kubelet.folder);
    await removeSlice(daemon.cgroupBelow("kubepods"));
    await assertNothingLeft(daemon, this.#before.resources);
    assert.deepEqual(machineTraces(), this.#before.traces);
  }

  /** Ends both and sweeps up. */
  async dispose(): Promise<void> {
    await this.kubelet.dispose();
    await this.daemon.dispose();
    await removeSlice(this.daemon.cgroupParent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

/** A kubelet may be told to ask for events. */
function withEvents(settings: DaemonOptions["settings"] = {}): DaemonOptions["settings"] {
  return { ...settings, "crio.runtime": { enable_pod_events: true, ...settings["crio.runtime"] } };
}

async function imagesOf({ client }: Daemon): Promise<string[]> {
  return (await client.image.ListImages()).images.map(({ id }) => id);
}
