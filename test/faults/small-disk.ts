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
import { basename, join } from "node:path";

const MIB = 1024 * 1024;

export interface SmallDiskOptions {
  kind: "ext4" | "tmpfs";
  megabytes: number;
  /** How many files there may be, of which it is to run out instead of bytes. */
  inodes?: number;
}

/** Mounted on a folder; the daemon's `dispose`, which sweeps the folder above, takes it away. */
export class SmallDisk {
  readonly folder: string;
  /** Whether it runs out of files, not of bytes. */
  readonly hasFewInodes: boolean;
  readonly #ballast: string;

  constructor(folder: string, { kind, megabytes, inodes }: SmallDiskOptions) {
    this.folder = folder;
    this.hasFewInodes = inodes !== undefined;
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
    execFileSync("mount", ["-o", "loop,errors=remount-ro", image, folder]);
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

  /** Fills it to the last byte, or makes the last file that there may be. */
  fill(): void {
    mkdirSync(this.#ballast, { recursive: true });
    if (this.hasFewInodes) this.#fillInodes();
    else this.#fillBytes();
  }

  /** Gives so many bytes, or files, of a disk that is full back. */
  give(amount: number): void {
    if (this.hasFewInodes) {
      const files = readdirSync(this.#ballast).slice(0, amount);
      for (const name of files) rmSync(join(this.#ballast, name));
      return;
    }
    const large = join(this.#ballast, "large-0");
    truncateSync(large, Math.max(0, statSync(large).size - amount));
  }

  /** Takes away what `fill` has made. */
  empty(): void {
    rmSync(this.#ballast, { recursive: true, force: true });
  }

  /** Has ext4 find an error: from then on nothing can be written, as after a disk's failure, until it is mounted anew. */
  failForGood(): void {
    const device = execFileSync("findmnt", ["-no", "SOURCE", this.folder], { encoding: "utf8" }).trim();
    writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, "1");
  }

  #fillInodes(): void {
    let at = 0;
    // Those that are there already are opened once more.
    untilFull(() => closeSync(openSync(join(this.#ballast, `inode-${at++}`), "w")));
  }

  #fillBytes(): void {
    const { bavail, bsize } = statfsSync(this.folder);
    try {
      const bytes = String(Math.max(1, bavail * bsize));
      const file = join(this.#ballast, `large-${readdirSync(this.#ballast).length}`);
      execFileSync("fallocate", ["-l", bytes, file], { stdio: "ignore" });
    } catch {
      // The filesystem needs blocks of its own for so many: what there is was taken, and the rest follows.
    }
    for (const size of [MIB, 4096, 1]) {
      const file = openSync(join(this.#ballast, `rest-${size}`), "a");
      const bytes = Buffer.alloc(size);
      untilFull(() => writeSync(file, bytes));
      closeSync(file);
    }
  }
}

function untilFull(write: () => void): void {
  try {
    for (;;) write();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}
