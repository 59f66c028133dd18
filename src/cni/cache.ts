/** What is attached, one JSON file each: DEL and CHECK then know the configuration and the result of ADD. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { log } from "../log.ts";
import { absentOr, fields, isObject, isString, listOf } from "../state/fields.ts";
import type { Attachment, RawResult } from "./chain.ts";
import type { NetworkConfig } from "./network-config.ts";

export interface CachedAttachment extends Attachment {
  /** As it was at ADD. */
  network: NetworkConfig;
  /** Absent while ADD is under way, or when the daemon died meanwhile. */
  result?: RawResult;
}

/** What an attachment is called by. */
export type AttachmentOwner = Pick<Attachment, "containerId" | "ifName">;

const extension = ".json";

/** As far as DEL needs it. */
const isAttachment = fields({
  containerId: isString,
  ifName: isString,
  netns: isString,
  args: isString,
  capabilities: isObject,
  network: fields({
    name: isString,
    cniVersion: isString,
    plugins: listOf(fields({ type: isString })),
  }),
  result: absentOr(isObject),
});

/** The attachments of one folder. Calls are synchronous and take a tenth of a millisecond. */
export class AttachmentCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Files that were being written when the power went, or were set aside by an earlier version.
    for (const name of readdirSync(folder)) if (!name.endsWith(extension)) rmSync(join(folder, name));
  }

  /** Writes the file whole or not at all. */
  write(attachment: CachedAttachment): void {
    const path = this.#path(attachment.containerId, attachment.ifName);
    const temporary = `${path}.new`;
    writeFileSync(temporary, JSON.stringify(attachment), { mode: 0o600 });
    renameSync(temporary, path);
  }

  /** The attachment, or undefined where there is none, and where it cannot be read: it is not flushed, so a power cut may empty it. */
  read(containerId: string, ifName: string): CachedAttachment | undefined {
    const path = this.#path(containerId, ifName);
    try {
      const value: unknown = JSON.parse(readFileSync(path, "utf8"));
      if (!isAttachment(value)) throw new Error("not an attachment");
      return value as CachedAttachment;
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOENT")
        log.warn("a CNI attachment cannot be read", { path, error: messageOf(error) });
      return undefined;
    }
  }

  remove(containerId: string, ifName: string): void {
    rmSync(this.#path(containerId, ifName), { force: true });
  }

  /** Whose attachments there are, whether or not they can be read. */
  owners(): AttachmentOwner[] {
    return readdirSync(this.#folder).map((name) => {
      const at = name.lastIndexOf("-");
      return { containerId: name.slice(0, at), ifName: name.slice(at + 1, -extension.length) };
    });
  }

  #path(containerId: string, ifName: string): string {
    return join(this.#folder, `${containerId}-${ifName}${extension}`);
  }
}
