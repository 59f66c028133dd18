/** What cuts of the power are tried on: a node whose daemon finds the trials' images, and registries that outlive it. */
import { copyFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KnownImage, knowImages } from "./contents.ts";
import type { DiskFormat } from "./disk.ts";
import { ImageSources } from "./image-sources.ts";
import { PowerNode } from "./node.ts";

export class Bed implements AsyncDisposable {
  readonly #sources: ImageSources;
  #known: ReadonlyMap<string, KnownImage> | undefined;
  #node: PowerNode | undefined;

  private constructor(sources: ImageSources) {
    this.#sources = sources;
  }

  static async make(): Promise<Bed> {
    return new Bed(await ImageSources.start());
  }

  /** The node, with a disk of `format`; a new one where there is none, or one of another format. */
  async node(format: DiskFormat): Promise<PowerNode> {
    if (this.#node?.disk.format === format) return this.#node;
    await this.endNode();
    this.#node = await PowerNode.start(format, { registry: this.#sources.registry });
    this.#sources.addTo(this.#node.daemon.folder);
    return this.#node;
  }

  /** What is in the images, by reference. Looked at once, on the node that there is then. */
  async images(node: PowerNode): Promise<ReadonlyMap<string, KnownImage>> {
    this.#known ??= await knowImages(node.daemon, this.#sources.images);
    return this.#known;
  }

  /** Ends the node, if there is one. */
  async endNode(): Promise<void> {
    const node = this.#node;
    this.#node = undefined;
    await node?.[Symbol.asyncDispose]();
  }

  /** Keeps the daemon's log of a trial that was lost, and ends the node. Answers where the log is. */
  async keepLog(name: string): Promise<string> {
    const copy = join(tmpdir(), `critter-power-${name}.log`);
    if (this.#node) copyFileSync(join(this.#node.daemon.folder, "critter.log"), copy);
    await this.endNode();
    return copy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endNode();
    await this.#sources[Symbol.asyncDispose]();
  }
}
