/** A kubelet under test: one process in a mount namespace of its own, with everything of it below one folder. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KUBELET } from "../../cluster/node/programs.ts";
import { Child } from "../../support/child.ts";
import { freePort } from "../../support/free-port.ts";
import { SLOW } from "../../support/slow.ts";
import { KubeletApi } from "./kubelet-api.ts";
import { type KubeletConfiguration, kubeletConfiguration, staticPodFolder } from "./kubelet-config.ts";
import { inNamespace, shareFolder } from "./kubelet-namespace.ts";

export interface KubeletOptions {
  /** Is made; whoever gave it unmounts and removes it afterwards. */
  folder: string;
  /** Socket of the runtime. */
  socket: string;
  /** Must be there: see cgroup-root.ts. */
  cgroupRoot: string;
  nodeName?: string;
  /** Fields that differ from kubelet-config.ts's. */
  config?: KubeletConfiguration;
  /** More of the command line, as `["--kubeconfig", FILE]`. */
  args?: string[];
}

/** It can be ended in any way and started again on what it left, with another configuration too. */
export class Kubelet {
  readonly folder: string;
  readonly nodeName: string;
  readonly api: KubeletApi;
  readonly #options: KubeletOptions;
  #child: Child | undefined;

  private constructor(options: KubeletOptions, port: number) {
    this.#options = options;
    this.folder = options.folder;
    this.nodeName = options.nodeName ?? "node";
    this.api = new KubeletApi(port);
  }

  /** Prepares the folder and starts a kubelet there. Rejects with the end of its log when it ends instead of serving. */
  static async start(options: KubeletOptions): Promise<Kubelet> {
    if (!existsSync(KUBELET)) throw new Error(`${KUBELET} is not there: scripts/setup --kubelet builds it`);
    const kubelet = new Kubelet(options, await freePort());
    await mkdir(staticPodFolder(options.folder), { recursive: true });
    await shareFolder(options.folder);
    await kubelet.start();
    return kubelet;
  }

  /** `--root-dir`: pods' volumes are below `pods`. */
  get rootDir(): string {
    return join(this.folder, "root");
  }

  get staticPodPath(): string {
    return staticPodFolder(this.folder);
  }

  get logFile(): string {
    return join(this.folder, "kubelet.log");
  }

  get isRunning(): boolean {
    return this.#child?.running ?? false;
  }

  /** Starts the process and waits until it serves; `changes` differ from what it was first started with, for this time. */
  async start(changes: KubeletConfiguration = {}): Promise<void> {
    const { config, args = [] } = this.#options;
    const configFile = join(this.folder, "kubelet.json");
    await writeFile(configFile, JSON.stringify(this.#configuration(config, changes), null, 2));
    const [command, ...before] = await inNamespace(this.folder);
    const flags = [
      "--config",
      configFile,
      "--root-dir",
      this.rootDir,
      "--cert-dir",
      join(this.folder, "certificates"),
    ];
    const all = [...before, KUBELET, ...flags, "--hostname-override", this.nodeName, "--v=2", ...args];
    this.#child = new Child(command, all, { log: this.logFile });
    await this.#untilHealthy(this.#child.gone);
  }

  /** Ends it; its pods run on. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    await this.#child?.end(signal);
    this.#child = undefined;
  }

  /** Ends it and starts it again, with `changes` for this time. */
  async restart(changes: KubeletConfiguration = {}): Promise<void> {
    await this.stop();
    await this.start(changes);
  }

  /** Ends it for good. */
  async dispose(): Promise<void> {
    await this.stop();
    this.api.close();
  }

  #configuration(config: KubeletConfiguration = {}, changes: KubeletConfiguration): KubeletConfiguration {
    const { folder, socket, cgroupRoot } = this.#options;
    const featureGates = { ...config.featureGates, ...changes.featureGates };
    const paths = { folder, socket, cgroupRoot, port: this.api.port };
    return kubeletConfiguration(paths, { ...config, ...changes, featureGates });
  }

  async #untilHealthy(gone: Promise<never>): Promise<void> {
    const end = Date.now() + 60_000 * SLOW;
    for (;;) {
      try {
        await Promise.race([this.api.get("/healthz"), gone]);
        return;
      } catch (error) {
        if (!this.isRunning || Date.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
}
