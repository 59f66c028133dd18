/** A node that can lose its power: a daemon whose root, CNI leases and pod logs are on a disk of their own. */
import { randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { machineCgroups } from "../../src/cgroups/machine.ts";
import { killAll } from "../../src/cgroups/processes.ts";
import { bindMount, MS_PRIVATE, MS_REC, MS_SHARED, mount, unmount } from "../../src/linux/mount.ts";
import { isAlive } from "../../src/linux/process.ts";
import { type ScannedProcess, scanProcesses } from "../../src/linux/process-scan.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { critter, type Daemon, type DaemonOptions, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { removeNetwork } from "../support/network.ts";
import { mountsBelow } from "../support/sweep.ts";
import { makeTmpfs } from "../support/tmpfs.ts";
import { Disk, type DiskFormat } from "./disk.ts";

const DISK_BYTES = 1024 * 1024 * 1024;
/** What a node keeps on its disk, of what is below the daemon's folder. */
const onDisk = ["root", "leases", "logs"];
/** What it keeps in memory. */
const inMemory = ["runroot", "namespaces"];
const BOOT_ID = "boot-id";

export class PowerNode implements AsyncDisposable {
  readonly daemon: Daemon;
  readonly disk: Disk;
  readonly #store: string;

  private constructor(daemon: Daemon, disk: Disk, store: string) {
    this.daemon = daemon;
    this.disk = disk;
    this.#store = store;
  }

  /** A node that runs, with a new disk of `format`. */
  static async start(format: DiskFormat, options: DaemonOptions): Promise<PowerNode> {
    const store = mkdtempSync(join(tmpdir(), "critter-disk-"));
    let disk: Disk | undefined;
    try {
      const daemon = await startDaemon({
        ...options,
        tmpfs: true,
        launcher: bootedDaemon,
        prepare: async (folder) => {
          share(folder);
          disk = await Disk.make(format, store, DISK_BYTES);
          await mountDisk(disk, folder);
          boot(folder);
        },
      });
      return new PowerNode(daemon, disk!, store);
    } catch (error) {
      await disk?.[Symbol.asyncDispose]();
      rmSync(store, { recursive: true });
      throw error;
    }
  }

  /** The folder for pods' logs. */
  get logs(): string {
    return join(this.daemon.folder, "logs");
  }

  /** Cuts the power: from now on nothing gets to the disk. What still runs does not know yet; see `goDown`. */
  cut(): void {
    this.disk.cut();
  }

  /** Ends all that a node without power has not any more: processes, mounts, network, cgroups, what was in memory. */
  async goDown(): Promise<void> {
    const { daemon } = this;
    await daemon.kill();
    await endProcesses(daemon);
    for (const path of mountsBelow(daemon.folder).reverse()) if (path !== daemon.folder) unmount(path);
    await this.disk.unmount();
    await removeNetwork(daemon.network);
    removeCgroups(daemon.cgroupParent);
  }

  /** Brings the node up as far as it comes without critter: the disk's journal is replayed. */
  async boot(): Promise<void> {
    const { folder } = this.daemon;
    await mountDisk(this.disk, folder);
    for (const name of inMemory) makeTmpfs(join(folder, name));
    boot(folder);
  }

  /** The node's `critter`, by a command line; in the boot that it is. */
  command(...args: string[]): [command: string, ...args: string[]] {
    return [...bootedDaemon(this.daemon.folder), ...args] as [string, ...string[]];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.daemon.dispose();
    } finally {
      await this.disk[Symbol.asyncDispose]();
      rmSync(this.#store, { recursive: true });
    }
  }
}

/** Mounts go from here to the daemon's own mount namespace, and back. */
function share(folder: string): void {
  bindMount(folder, folder);
  mount("none", folder, "none", MS_PRIVATE | MS_REC);
  mount("none", folder, "none", MS_SHARED);
}

async function mountDisk(disk: Disk, folder: string): Promise<void> {
  await disk.mount();
  for (const name of onDisk) {
    const path = join(disk.point, name);
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o711);
    mkdirSync(join(folder, name), { recursive: true });
    bindMount(path, join(folder, name));
  }
}

/** A boot has an ID by which it is known. */
function boot(folder: string): void {
  writeFileSync(join(folder, BOOT_ID), `${randomUUID()}\n`);
}

/** The daemon, for which the kernel's boot ID is that of the node: in a mount namespace of its own, which is otherwise the machine's. */
function bootedDaemon(folder: string): [command: string, ...args: string[]] {
  const script = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"';
  const namespace = ["--mount", "--propagation", "unchanged"];
  return ["unshare", ...namespace, "sh", "-c", script, join(folder, BOOT_ID), critter];
}

/** Kills all that the daemon has started, whatever it is doing, until there is nothing. */
async function endProcesses({ folder, cgroupParent }: Daemon): Promise<void> {
  await eventually(async () => {
    await killAll(machineCgroups(), cgroupParent);
    const left = scanProcesses().filter((one) => isOf(one, folder));
    for (const { identity } of left) if (isAlive(identity)) process.kill(identity.pid, "SIGKILL");
    if (left.length > 0) throw new Error(`${left.map(({ args }) => args.join(" ")).join("; ")} still run`);
  });
}

/** Monitors and runtimes name the folder, CNI plugins have it in their environment. */
function isOf({ identity, args, environment }: ScannedProcess, folder: string): boolean {
  return identity.pid !== process.pid && [...args, ...environment].some((word) => word.includes(folder));
}
