/** A node that can lose its power: a daemon whose root, CNI leases and pod logs are on a disk of their own. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bindMount } from "../../src/linux/mount.ts";
import { type Daemon, type DaemonOptions, startDaemon } from "../support/daemon.ts";
import { comeUp, goDown, rebootable } from "../support/reboot.ts";
import { Disk, type DiskFormat } from "./disk.ts";

const DISK_BYTES = 1024 * 1024 * 1024;
/** What a node keeps on its disk, of what is below the daemon's folder. */
const onDisk = ["root", "leases", "logs"];

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
