/** A critter daemon under test, everything of it below one temporary folder, with a network and a cgroup of its own. */
import { chmod, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { stringify } from "smol-toml";
import { machineCgroups } from "../../src/cgroups/machine.ts";
import type { CgroupManager } from "../../src/cgroups/paths.ts";
import { killAll } from "../../src/cgroups/processes.ts";
import { CriClient } from "../../src/client/cri-client.ts";
import { writeRegistriesConf } from "../registry/mirrors.ts";
import { cgroupFolders, removeCgroups } from "./cgroups.ts";
import { Child } from "./child.ts";
import { removeAllPods, waitUntilServing } from "./cri.ts";
import { CNI_BIN_DIR, createNetwork, removeNetwork, type TestNetwork } from "./network.ts";
import { sweep } from "./sweep.ts";
import { makeTmpfs } from "./tmpfs.ts";

export interface DaemonOptions {
  /** Host and port of the registry that mirrors all others; the machine's own registries.conf where there is none. */
  registry?: string;
  /** Keys that differ from the test's own, by table: `{ "crio.runtime": { log_level: "debug" } }`. */
  settings?: Record<string, Record<string, string | number | boolean | string[]>>;
  /** Keys of runtime handlers, by handler: `{ crun: { runtime_path: "/usr/bin/crun" } }`. */
  handlers?: Record<string, Record<string, string | number | boolean | string[] | Record<string, string>>>;
  /** Whether what a reboot ends is on a tmpfs, as /run is on a node. */
  tmpfs?: boolean;
  /** A CNI plugin (path of its program) that goes after bridge and portmap. */
  cniPlugin?: string;
  /** Is called with the daemon's folder while that is empty: to mount something there. */
  prepare?: (folder: string) => Promise<void>;
  /** What starts the daemon, its options left out; bin/critter when absent. */
  launcher?: (folder: string) => [command: string, ...args: string[]];
}

/** The runtime that the tests are run with, a path or a name in PATH: `CRITTER_TEST_RUNTIME=/usr/bin/crun`; runc when unset. */
export const testRuntime = basename(process.env.CRITTER_TEST_RUNTIME || "runc");

/** The cgroup manager that the tests are run with: `CRITTER_TEST_CGROUP_MANAGER=systemd` where systemd runs; cgroupfs when unset. */
export const cgroupManager = (process.env.CRITTER_TEST_CGROUP_MANAGER || "cgroupfs") as CgroupManager;

/** The program under test. */
export const critter = join(import.meta.dirname, "..", "..", "bin", "critter");

/** The daemon: it can be ended in any way and started again on what it left. */
export class Daemon {
  readonly socket: string;
  readonly configFile: string;
  /** The temporary folder: `root`, `runroot`, `critter.log` and the rest. */
  readonly folder: string;
  readonly network: TestNetwork;
  /** The parent cgroup to give to pods; it is removed by `dispose`. */
  readonly cgroupParent: string;
  readonly namespacesDir: string;
  readonly client: CriClient;
  readonly #launcher: [command: string, ...args: string[]];
  #child: Child | undefined;

  constructor(
    folder: string,
    network: TestNetwork,
    launcher: [command: string, ...args: string[]] = [critter],
  ) {
    this.folder = folder;
    this.network = network;
    this.#launcher = launcher;
    this.socket = join(folder, "critter.sock");
    this.configFile = join(folder, "crio.conf");
    // In a slice's name a dash would be a level.
    const name = `critter-test-${network.name}`;
    this.cgroupParent = cgroupManager === "systemd" ? `/${name.replaceAll("-", "_")}.slice` : `/${name}`;
    this.namespacesDir = join(folder, "namespaces");
    this.client = new CriClient(this.socket);
  }

  /** A parent cgroup below `cgroupParent`, for a pod that is to have one for itself. */
  cgroupBelow(name: string): string {
    if (cgroupManager !== "systemd") return `${this.cgroupParent}/${name}`;
    return `${this.cgroupParent}/${basename(this.cgroupParent, ".slice")}-${name}.slice`;
  }

  /** The cgroup that the daemon gave to a container in `cgroupParent`, from which its figures are read. */
  scopeOf(containerId: string): string {
    return `${this.cgroupParent}/${cgroupManager === "systemd" ? `critter-${containerId}.scope` : containerId}`;
  }

  /** The cgroup that a container in `cgroupParent` is in: with crun one below that which it was given. */
  containerCgroup(containerId: string): string {
    const scope = this.scopeOf(containerId);
    const below = `${scope}/container`;
    return cgroupFolders(below).length > 0 ? below : scope;
  }

  /** What starts the daemon, with a command line of its own: another command of critter's, where that is what it starts. */
  command(...args: string[]): [command: string, ...args: string[]] {
    return [...this.#launcher, ...args];
  }

  get pid(): number {
    if (!this.#child) throw new Error("the daemon does not run");
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child?.running ?? false;
  }

  /** Starts the daemon and waits until it serves. Rejects with the end of its log when it ends instead. */
  async start(): Promise<void> {
    await waitUntilServing(this.client, 60, this.launch());
  }

  /** Starts the daemon's process. The promise rejects with the end of its log when it ends. */
  launch(): Promise<never> {
    const log = join(this.folder, "critter.log");
    const [command, ...args] = this.command("--config", this.configFile);
    this.#child = new Child(command, args, { log });
    return this.#child.gone;
  }

  /** Ends the daemon in good order; its pods stay. Answers its exit code, or the signal that ended it. */
  async stop(signal: "SIGTERM" | "SIGINT" = "SIGTERM"): Promise<number | string> {
    return this.#end(signal);
  }

  /** Ends the daemon with SIGKILL, wherever it is. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Removes the pods, ends the daemon and sweeps up what there still is. */
  async dispose(): Promise<void> {
    if (this.#child?.running) {
      await removeAllPods(this.client).catch((error) => console.error(`critter: ${error.message}`));
      await this.stop();
    }
    this.client.close();
    await killAll(machineCgroups(), this.cgroupParent);
    await sweep(this.folder);
    await removeNetwork(this.network);
    removeCgroups(this.cgroupParent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #end(signal: NodeJS.Signals): Promise<number | string> {
    const ending = await this.#child?.end(signal);
    this.#child = undefined;
    return ending ?? "nothing";
  }
}

/** Prepares a daemon's folder and starts it there. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const folder = await mkdtemp(join(tmpdir(), "critter-test-"));
  // As /var/lib is: root of a user namespace must get to its root filesystem.
  await chmod(folder, 0o711);
  await options.prepare?.(folder);
  const plugins = options.cniPlugin ? [{ type: basename(options.cniPlugin) }] : [];
  const network = await createNetwork(folder, "crit", plugins);
  const daemon = new Daemon(folder, network, options.launcher?.(folder));
  try {
    await configure(daemon, options);
    await daemon.start();
    return daemon;
  } catch (error) {
    await daemon.dispose();
    throw error;
  }
}

/** Writes the configuration of a daemon, which may be one of an earlier boot. */
export async function configure(daemon: Daemon, options: DaemonOptions): Promise<void> {
  await writeFile(daemon.configFile, await configuration(daemon, options));
}

/** Empty for the program of the handler's name in PATH. */
function runtimePath(): string {
  const runtime = process.env.CRITTER_TEST_RUNTIME ?? "";
  return runtime.includes("/") ? runtime : "";
}

async function configuration(daemon: Daemon, options: DaemonOptions): Promise<string> {
  const { folder, network, socket } = daemon;
  const { registry, settings = {}, cniPlugin } = options;
  const pluginDirs = cniPlugin ? [dirname(cniPlugin)] : [];
  if (options.tmpfs) for (const path of [join(folder, "runroot"), daemon.namespacesDir]) makeTmpfs(path);
  await mkdir(daemon.namespacesDir, { recursive: true });
  return stringify({
    crio: {
      root: join(folder, "root"),
      runroot: join(folder, "runroot"),
      ...settings.crio,
      api: { listen: socket, ...settings["crio.api"] },
      runtime: {
        cgroup_manager: cgroupManager,
        namespaces_dir: daemon.namespacesDir,
        log_level: "debug",
        default_runtime: testRuntime,
        ...settings["crio.runtime"],
        runtimes: { [testRuntime]: { runtime_path: runtimePath() }, ...options.handlers },
      },
      image: {
        ...(registry && { registries_conf: await writeRegistriesConf(folder, registry) }),
        ...settings["crio.image"],
      },
      network: {
        network_dir: network.confDir,
        plugin_dirs: [...pluginDirs, CNI_BIN_DIR],
        ...settings["crio.network"],
      },
      stats: { ...settings["crio.stats"] },
      tracing: settings["crio.tracing"] ?? {},
      metrics: { ...settings["crio.metrics"] },
    },
  });
}
