/** mounts.conf(5): files and folders of the host, such as its subscriptions, of which every container gets a copy. */
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { FileWatch } from "../linux/file-watch.ts";
import { run } from "../linux/program.ts";
import type { Owner } from "../linux/user-namespace.ts";
import { log } from "../log.ts";
import type { Mount } from "./spec/types.ts";

/** The administrator's, and the distribution's, which counts where there is no other. */
const usualFiles = ["/etc/containers/mounts.conf", "/usr/share/containers/mounts.conf"];

interface Entry {
  source: string;
  destination: string;
}

/** The mounts of one file, which is followed until `close`. */
export class MountsConf {
  readonly #files: readonly string[];
  readonly #watch: FileWatch;
  #entries: readonly Entry[];

  /** `file`: crio.conf's `default_mounts_file`; the first of the usual files that there is when empty. */
  constructor(file: string, usual: readonly string[] = usualFiles) {
    this.#files = file === "" ? usual : [file];
    this.#entries = readEntries(this.#files);
    this.#watch = new FileWatch(this.#files, () => {
      this.#entries = readEntries(this.#files);
    });
  }

  close(): void {
    this.#watch.close();
  }

  /**
   * Copies into `folder`, with what links lead to, and answers a mount for each but those at paths that `isTaken`. What
   * the host has not, or cannot be copied, is logged and left out, as CRI-O does. The copies are those of `root`, the
   * pod's root as the host sees it.
   */
  async mountsFor(folder: string, root: Owner, isTaken: (path: string) => boolean): Promise<Mount[]> {
    const mounts: Mount[] = [];
    for (const [index, { source, destination }] of this.#entries.entries()) {
      if (isTaken(destination)) continue;
      const copy = join(folder, String(index));
      if (!(await copied(source, copy, root))) continue;
      mounts.push({ destination, type: "bind", source: copy, options: ["rbind", "rprivate", "rw"] });
    }
    return mounts;
  }
}

async function copied(source: string, copy: string, { uid, gid }: Owner): Promise<boolean> {
  try {
    mkdirSync(join(copy, ".."), { recursive: true });
    const content = statSync(source).isDirectory() ? join(source, ".") : source;
    await run("cp", { args: ["-aL", "--", content, copy], stdout: false });
    // In a user namespace the host's root is nobody, who could not read a secret.
    if (uid !== 0) await run("chown", { args: ["-R", "--", `${uid}:${gid}`, copy], stdout: false });
    return true;
  } catch (error) {
    log.warn("a mount of mounts.conf is left out", { source, error: messageOf(error) });
    return false;
  }
}

function readEntries(files: readonly string[]): Entry[] {
  for (const file of files) {
    try {
      return parseEntries(readFileSync(file, "utf8"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
      log.error("mounts.conf cannot be read", { file, error: messageOf(error) });
      return [];
    }
  }
  return [];
}

/** A line `SRC:DST`, or a path for both; what does not begin with a slash is a comment. */
function parseEntries(text: string): Entry[] {
  return text.split("\n").flatMap((line) => {
    const [source = "", destination = source] = line.trim().split(":");
    if (!source.startsWith("/") || !destination.startsWith("/")) return [];
    return [{ source, destination: posix.resolve(destination) }];
  });
}
