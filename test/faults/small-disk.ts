/** A filesystem that a test can fill: ext4 in a file of its own, or a tmpfs of limited size. */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

const MIB = 1024 * 1024;

export interface SmallDiskOptions {
  kind: "ext4" | "tmpfs";
  megabytes: number;
  /** How many files there may be; the filesystem's own choice when absent. */
  inodes?: number;
}

/** Mounted on a folder; the daemon's `dispose`, which sweeps the folder above, takes it away. */
export class SmallDisk {
  readonly folder: string;
  readonly #ballast: string;

  constructor(folder: string, { kind, megabytes, inodes }: SmallDiskOptions) {
    this.folder = folder;
    this.#ballast = join(folder, "ballast");
    mkdirSync(folder, { recursive: true });
    if (kind === "tmpfs") {
      const options = [`size=${megabytes}m`, "mode=0711", ...(inodes ? [`nr_inodes=${inodes}`] : [])];
      execFileSync("mount", ["-t", "tmpfs", "-o", options.join(","), "tmpfs", folder]);
      return;
    }
    const image = `${folder}.ext4`;
    writeFileSync(image, "");
    truncateSync(image, megabytes * MIB);
    // Without the blocks that ext4 keeps for root, which the daemon is.
    execFileSync("mkfs.ext4", ["-q", "-m", "0", ...(inodes ? ["-N", String(inodes)] : []), image]);
    execFileSync("mount", ["-o", "loop", image, folder]);
    // The folder that mkfs makes is none of the daemon's.
    rmSync(join(folder, "lost+found"), { recursive: true });
  }

  /** Fills it for as long as `work` takes. */
  async whileFull(work: () => Promise<void>): Promise<void> {
    this.fill();
    try {
      await work();
    } finally {
      this.empty();
    }
  }

  /** Fills it to the last byte. */
  fill(): void {
    mkdirSync(this.#ballast, { recursive: true });
    const { bavail, bsize } = statfsSync(this.folder);
    const file = join(this.#ballast, `large-${readdirSync(this.#ballast).length}`);
    try {
      execFileSync("fallocate", ["-l", String(Math.max(1, bavail * bsize)), file], { stdio: "ignore" });
    } catch {
      // The filesystem needs blocks of its own for so many: what there is was taken, and the rest follows.
    }
    for (const size of [MIB, 4096, 1]) this.#fillBy(size);
  }

  /** Gives `bytes` of a disk that is full back. */
  give(bytes: number): void {
    const large = join(this.#ballast, "large-0");
    truncateSync(large, Math.max(0, statSync(large).size - bytes));
  }

  /** Uses up the files that there may be, but `spare`. */
  fillInodes(spare = 0): void {
    mkdirSync(this.#ballast, { recursive: true });
    for (let at = 0; ; at++) {
      try {
        closeSync(openSync(join(this.#ballast, `inode-${at}`), "w"));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        for (let last = at - 1; last >= Math.max(0, at - spare); last--)
          rmSync(join(this.#ballast, `inode-${last}`));
        return;
      }
    }
  }

  /** Takes away what `fill` and `fillInodes` have made. */
  empty(): void {
    rmSync(this.#ballast, { recursive: true, force: true });
  }

  /** `mount -o remount`: reading only, or writing again. */
  remount(mode: "ro" | "rw"): void {
    execFileSync("mount", ["-o", `remount,${mode}`, this.folder]);
  }

  #fillBy(size: number): void {
    const file = openSync(join(this.#ballast, `rest-${size}`), "a");
    try {
      for (const bytes = Buffer.alloc(size); ; ) writeSync(file, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    } finally {
      closeSync(file);
    }
  }
}
