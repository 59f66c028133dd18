/** A disk that can lose its power: what was not flushed by then is not on it afterwards. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import koffi from "koffi";
import { declare, LinuxError } from "../../src/linux/libc.ts";
import { MS_SHARED, mount, unmount } from "../../src/linux/mount.ts";
import { eventually } from "../support/eventually.ts";

const run = promisify(execFile);
const ioctlCall = declare("int ioctl(int fd, unsigned long request, _Inout_ void *argument)");

/** The same number for ext4 and xfs: EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN (_IOR('X', 125, __u32)). */
const FS_IOC_SHUTDOWN = 0x8004587d;
/** Not even the journal's part that is in memory gets to the disk. */
const NO_LOG_FLUSH = 2;

/** A file system, and how it is mounted. */
export interface DiskFormat {
  name: string;
  make: [command: string, ...args: string[]];
  options: string;
  /** Whether it is the disk that forgets, and not the file system: what the disk was not told to flush is lost. */
  inCache?: boolean;
}

const ext4: DiskFormat = { name: "ext4", make: ["mkfs.ext4", "-q", "-F"], options: "" };

/** Those that the kernel of a node has; what makes them need not be installed. */
export const formats: readonly DiskFormat[] = [
  ext4,
  // Files may be there, with their sizes, before their content is.
  { ...ext4, name: "ext4, data=writeback", options: "data=writeback" },
  { ...ext4, name: "ext4 in a disk's cache", inCache: true },
  { name: "xfs", make: ["mkfs.xfs", "-q", "-f"], options: "" },
  // It cannot be shut down.
  { name: "btrfs in a disk's cache", make: ["mkfs.btrfs", "-q", "-f"], options: "", inCache: true },
];

/** A sparse file with a file system that is mounted while the power is on. */
export class Disk implements AsyncDisposable {
  readonly format: DiskFormat;
  /** Where it is mounted. */
  readonly point: string;
  readonly #file: string;
  readonly #bytes: number;
  /** The disk that the file is on: it loses what this one has not flushed. */
  readonly #below: Disk | undefined;
  #mounted = false;

  private constructor(format: DiskFormat, folder: string, bytes: number, below: Disk | undefined) {
    this.format = format;
    this.#bytes = bytes;
    this.point = join(folder, "mounted");
    this.#below = below;
    this.#file = join(below?.point ?? folder, "disk.img");
  }

  /** Makes a disk of `bytes` in `folder`, an empty one. */
  static async make(format: DiskFormat, folder: string, bytes: number): Promise<Disk> {
    const below = format.inCache ? await Disk.#makeBelow(folder, bytes) : undefined;
    const disk = new Disk(format, folder, bytes, below);
    mkdirSync(disk.point);
    await disk.erase();
    return disk;
  }

  /** Makes an empty disk of one that is not mounted. */
  async erase(): Promise<void> {
    await this.#below?.mount();
    rmSync(this.#file, { force: true });
    writeFileSync(this.#file, "");
    truncateSync(this.#file, this.#bytes);
    const [command, ...args] = this.format.make;
    await run(command, [...args, this.#file]);
    await this.#below?.unmount();
  }

  /** A disk with room for one of `bytes`. */
  static async #makeBelow(folder: string, bytes: number): Promise<Disk> {
    mkdirSync(join(folder, "below"));
    return Disk.make(ext4, join(folder, "below"), bytes * 1.25);
  }

  /** Mounts the disk; its file system replays its journal then. */
  async mount(): Promise<void> {
    await this.#below?.mount();
    const options = ["loop", this.format.options].filter(Boolean).join();
    await run("mount", ["-o", options, this.#file, this.point]);
    // Its end is to be that of the copies too, which other processes' mount namespaces have of it.
    mount("none", this.point, "none", MS_SHARED);
    this.#mounted = true;
  }

  /** From this moment on nothing gets to the disk any more. Who writes is told EIO. Throws LinuxError. */
  cut(): void {
    if (this.#below) this.#below.cut();
    else this.#shutDown();
  }

  #shutDown(): void {
    const fd = openSync(this.point, "r");
    try {
      const flags = Buffer.alloc(4);
      flags.writeUInt32LE(NO_LOG_FLUSH);
      if (ioctlCall(fd, FS_IOC_SHUTDOWN, flags) !== 0)
        throw new LinuxError("ioctl", koffi.errno(), `shutdown of ${this.point}`);
    } finally {
      closeSync(fd);
    }
  }

  /** Takes the mount away, and waits until nobody uses it any more: before, it would be the same one that is mounted again. */
  async unmount(): Promise<void> {
    // The loop device of a disk that is on this one lets go of its file a moment after it says so.
    await eventually(() => unmount(this.point));
    this.#mounted = false;
    await eventually(() => assert.deepEqual(loopsOf(this.#file), []));
    await this.#below?.unmount();
  }

  /** Removes the disk, with all that is on it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#mounted) await this.unmount();
    await this.#below?.[Symbol.asyncDispose]();
    rmSync(this.#file, { force: true });
  }
}

/** The loop devices of a file. */
function loopsOf(file: string): string[] {
  const loops = readdirSync("/sys/block").filter((name) => name.startsWith("loop"));
  return loops.filter((name) => {
    const path = join("/sys/block", name, "loop/backing_file");
    return existsSync(path) && readFileSync(path, "utf8").trim() === file;
  });
}
