/** The layers as a user namespace must see them: shared with all others, with the IDs of their files mapped by the mount. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { unmountAll } from "../linux/mount.ts";
import { mountIdMapped } from "../linux/mount-tree.ts";
import { NamespaceHolder } from "../linux/user-namespace.ts";
import { log } from "../log.ts";

/** Any that the kernel takes; it is only to be seen whether the filesystem can. */
const trialRange = { containerId: 0, hostId: 65_536, length: 65_536 };

export class IdMappedLayers {
  readonly #root: string;
  readonly #point: string;
  #supported: Promise<boolean> | undefined;

  /** `root` is the storage's folder, below which everything lies that overlays are made of. */
  constructor(root: string) {
    this.#root = root;
    this.#point = join(root, "overlay-mapped");
    mkdirSync(this.#point, { recursive: true, mode: 0o700 });
    // Of a daemon that was killed while it mounted an overlay.
    unmountAll(this.#point);
  }

  /** Whether the filesystem of the layers can be mounted with mapped IDs; tried once, and logged where it cannot. */
  supported(): Promise<boolean> {
    this.#supported ??= this.#try();
    return this.#supported;
  }

  /**
   * Calls `work` with the folder in which the storage's can be seen by the mappings of the user namespace pinned at `userNamespace`,
   * for the time of the call: an overlay that is made of what is in there keeps the mappings. Throws LinuxError.
   */
  within<Result>(userNamespace: string, work: (root: string) => Result): Result {
    mountIdMapped(this.#root, this.#point, userNamespace);
    try {
      return work(this.#point);
    } finally {
      unmountAll(this.#point);
    }
  }

  async #try(): Promise<boolean> {
    try {
      const holder = await NamespaceHolder.start([], { uids: trialRange, gids: trialRange });
      try {
        this.within(`/proc/${holder.pid}/ns/user`, () => {});
        return true;
      } finally {
        await holder.end();
      }
    } catch (error) {
      log.info("no user namespaces: the layers cannot be mounted with mapped IDs", {
        folder: this.#root,
        error: messageOf(error),
      });
      return false;
    }
  }
}
