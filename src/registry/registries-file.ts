/** registries.conf and its drop-in folder on disk, read again when one of their files changes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { messageOf, StatusError } from "../cri/status-error.ts";
import { fileState } from "../linux/file-state.ts";
import { log } from "../log.ts";
import { RegistriesConf } from "./registries-conf.ts";
import { parseRegistriesToml } from "./registries-toml.ts";

/** The rules of a file that may change under us. */
export class RegistriesFile {
  readonly #path: string;
  #conf: RegistriesConf | undefined;
  #state = "";

  /** `path` need not exist: then only `path.d/*.conf` counts, or the defaults. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The rules as they are on disk. A file that became wrong is logged and the rules before it stay; one that was
   * wrong from the start throws FAILED_PRECONDITION.
   */
  current(): RegistriesConf {
    const files = [this.#path, ...this.#dropIns()].map((path) => ({ path, state: fileState(path) }));
    const state = JSON.stringify(files);
    if (this.#conf && state === this.#state) return this.#conf;
    try {
      const present = files.filter((file) => file.state !== undefined);
      this.#conf = new RegistriesConf(
        present.map(({ path }) => parseRegistriesToml(path, readFileSync(path, "utf8"))),
      );
      if (this.#state)
        log.info("registries.conf was read again", { files: present.map((file) => file.path) });
    } catch (error) {
      if (!this.#conf) throw new StatusError(status.FAILED_PRECONDITION, messageOf(error), { cause: error });
      log.error("registries.conf is wrong; the rules before this change stay", { error });
    }
    this.#state = state;
    return this.#conf;
  }

  #dropIns(): string[] {
    const folder = `${this.#path}.d`;
    try {
      const names = readdirSync(folder).filter((name) => name.endsWith(".conf"));
      return names.sort().map((name) => join(folder, name));
    } catch {
      return [];
    }
  }
}
