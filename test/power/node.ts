/** A node that can lose its power: a daemon whose root, CNI leases and pod logs are on a disk of their own. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bindMount } from "../../src/linux/mount.ts";
import { type Daemon, type DaemonOptions, startDaemon } from "../support/daemon.ts";
import { bootedCommand, comeUp, goDown, rebootable } from "../support/reboot.ts";
import { Disk, type DiskFormat } from "./disk.ts";

const DISK_BYTES = 1024 * 1024 * 1024;
/** What a node keeps on its disk, of what is below the daemon's folder. */
const onDisk = ["root", "leases", "logs"];

/** A node as the trials see it. */
export interface TrialNode {
  readonly daemon: Daemon;
  /** The folder for pods' logs. */
  readonly logs: string;
  /** The node's `critter`, by a command line; in the boot that it is. */
  command(...args: string[]): [command: string, ...args: string[]];
}

export class PowerNode implements TrialNode, AsyncDisposable {
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
        ...rebootable,
        prepare: async (folder) => {
          await rebootable.prepare(folder);
          disk = await Disk.make(format, store, DISK_BYTES);
          await mountDisk(disk, folder);
        },
      });
      return new PowerNode(daemon, disk!, store);
    } catch (error) {
      await disk?.[Symbol.asyncDispose]();
      rmSync(store, { recursive: true });
      throw error;
    }
  }

  get logs(): string {
    return join(this.daemon.folder, "logs");
  }

  /** Cuts the power: from now on nothing gets to the disk. What still runs does not know yet; see `goDown`. */
  cut(): void {
    this.disk.cut();
  }

  /** Ends all that a node without power has not any more. */
  async goDown(): Promise<void> {
    await goDown(this.daemon);
    await this.disk.unmount();
  }

  /** Brings the node up as far as it comes without critter: the disk's journal is replayed. */
  async boot(): Promise<void> {
    await mountDisk(this.disk, this.daemon.folder);
    comeUp(this.daemon);
  }

  command(...args: string[]): [command: string, ...args: string[]] {
    return [...bootedCommand(this.daemon.folder), ...args] as [string, ...string[]];
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
