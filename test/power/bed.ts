/** What cuts of the power are tried on: a node whose daemon finds the trials' images, and a registry that outlives it. */
import { appendFileSync, copyFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureImages, storeFolder } from "../images/store.ts";
import { serveImages } from "../registry/image-server.ts";
import { Registry } from "../registry/registry.ts";
import type { ScriptedServer } from "../registry/scripted-server.ts";
import { Random } from "../support/random.ts";
import { type KnownImage, knowImages, REGISTRY } from "./contents.ts";
import type { DiskFormat } from "./disk.ts";
import { trialImages } from "./images.ts";
import { PowerNode } from "./node.ts";

/** The same in every run: what happens to the images is what is drawn. */
const CONTENT_SEED = 7;

export class Bed implements AsyncDisposable {
  readonly #images: ReturnType<typeof trialImages>;
  readonly #registry: Registry;
  readonly #server: ScriptedServer;
  #known: ReadonlyMap<string, KnownImage> | undefined;
  #node: PowerNode | undefined;

  private constructor(registry: Registry, server: ScriptedServer, images: ReturnType<typeof trialImages>) {
    this.#registry = registry;
    this.#server = server;
    this.#images = images;
  }

  static async make(): Promise<Bed> {
    await ensureImages("base");
    const images = trialImages(new Random(CONTENT_SEED));
    return new Bed(await Registry.start({ storage: storeFolder() }), await serveImages(images), images);
  }

  /** The node, with a disk of `format`; a new one where there is none, or one of another format. */
  async node(format: DiskFormat): Promise<PowerNode> {
    if (this.#node?.disk.format === format) return this.#node;
    await this.endNode();
    this.#node = await PowerNode.start(format, { registry: this.#registry.address });
    const table = `prefix = "${REGISTRY}"\nlocation = "${this.#server.address}"\ninsecure = true\n`;
    appendFileSync(join(this.#node.daemon.folder, "registries.conf"), `\n[[registry]]\n${table}`);
    return this.#node;
  }

  /** What is in the images, by reference. Looked at once, on the node that there is then. */
  async images(node: PowerNode): Promise<ReadonlyMap<string, KnownImage>> {
    this.#known ??= await knowImages(node.daemon, this.#images);
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
    await this.#server[Symbol.asyncDispose]();
    await this.#registry.stop();
  }
}
