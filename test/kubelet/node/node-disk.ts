/** The disk of a node, small enough to be filled: critter's images and containers are on it, and the kubelet's pods. */
import { rmSync } from "node:fs";
import { SmallDisk, type SmallDiskOptions } from "../../faults/small-disk.ts";

const MIB = 1024 * 1024;

export class NodeDisk {
  readonly #options: Omit<SmallDiskOptions, "kind">;
  #disk: SmallDisk | undefined;

  constructor(options: Omit<SmallDiskOptions, "kind">) {
    this.#options = options;
  }

  /** For the daemon's options of that name: makes the disk where everything of the node will be. */
  readonly prepare = async (folder: string): Promise<void> => {
    this.#disk = new SmallDisk(folder, { kind: "ext4", ...this.#options });
  };

  get folder(): string {
    return this.#mounted.folder;
  }

  /** Fills it but for so many MiB, or files where it has few of them. */
  fillBut(left: number): void {
    this.#mounted.fill();
    this.#mounted.give(this.#mounted.hasFewInodes ? left : left * MIB);
  }

  empty(): void {
    this.#mounted.empty();
  }

  get #mounted(): SmallDisk {
    if (!this.#disk) throw new Error("no node has been started on the disk");
    return this.#disk;
  }

  /** Removes its file, once the node is gone. */
  [Symbol.dispose](): void {
    if (this.#disk) rmSync(`${this.#disk.folder}.ext4`, { force: true });
  }
}
