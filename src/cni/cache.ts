/** What is attached, one JSON file each: DEL and CHECK then know the configuration and the result of ADD. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import type { Attachment, RawResult } from "./chain.ts";
import type { NetworkConfig } from "./network-config.ts";
import { isObject } from "./plugin.ts";

export interface CachedAttachment extends Attachment {
  /** As it was at ADD. */
  network: NetworkConfig;
  /** Absent while ADD is under way, or when the daemon died meanwhile. */
  result?: RawResult;
}

/** The attachments of one folder. Calls are synchronous and take a tenth of a millisecond. */
export class AttachmentCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Writes the file whole or not at all. */
  write(attachment: CachedAttachment): void {
    const path = this.#path(attachment.containerId, attachment.ifName);
    const temporary = `${path}.new`;
    writeFileSync(temporary, JSON.stringify(attachment), { mode: 0o600 });
    renameSync(temporary, path);
  }

  /** The attachment, or undefined where there is none; a file that cannot be read is set aside and counts as none. */
  read(containerId: string, ifName: string): CachedAttachment | undefined {
    return readAttachment(this.#path(containerId, ifName));
  }

  remove(containerId: string, ifName: string): void {
    rmSync(this.#path(containerId, ifName), { force: true });
  }

  /** All attachments that can be read. */
  list(): CachedAttachment[] {
    return readdirSync(this.#folder)
      .filter((file) => file.endsWith(".json"))
      .map((file) => readAttachment(join(this.#folder, file)))
      .filter((attachment) => attachment !== undefined);
  }

  #path(containerId: string, ifName: string): string {
    return join(this.#folder, `${containerId}-${ifName}.json`);
  }
}

function readAttachment(path: string): CachedAttachment | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (!isObject(value) || !isObject(value.network)) throw new Error("not an attachment");
    return value as unknown as CachedAttachment;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    log.warn("CNI attachment cannot be read, set aside", { path, error: messageOf(error) });
    renameSync(path, `${path}.unreadable`);
    return undefined;
  }
}
