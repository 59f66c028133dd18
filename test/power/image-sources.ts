/** Where a daemon under trial gets its images: a server of the trials' own, and the registry that has all others. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { ensureImages, storeFolder } from "../images/store.ts";
import { serveImages } from "../registry/image-server.ts";
import { Registry } from "../registry/registry.ts";
import type { ScriptedServer } from "../registry/scripted-server.ts";
import { Random } from "../support/random.ts";
import { REGISTRY } from "./contents.ts";
import { trialImages } from "./images.ts";

/** The same in every run: what happens to the images is what is drawn. */
const CONTENT_SEED = 7;

export class ImageSources implements AsyncDisposable {
  readonly images: ReturnType<typeof trialImages>;
  readonly #registry: Registry;
  readonly #server: ScriptedServer;

  private constructor(registry: Registry, server: ScriptedServer, images: ReturnType<typeof trialImages>) {
    this.#registry = registry;
    this.#server = server;
    this.images = images;
  }

  static async start(): Promise<ImageSources> {
    await ensureImages("base");
    const images = trialImages(new Random(CONTENT_SEED));
    return new ImageSources(
      await Registry.start({ storage: storeFolder() }),
      await serveImages(images),
      images,
    );
  }

  /** Host and port of the registry that mirrors all others. */
  get registry(): string {
    return this.#registry.address;
  }

  /** Adds the trials' own server to the registries.conf in `folder`. */
  addTo(folder: string): void {
    const table = `prefix = "${REGISTRY}"\nlocation = "${this.#server.address}"\ninsecure = true\n`;
    appendFileSync(join(folder, "registries.conf"), `\n[[registry]]\n${table}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await this.#registry.stop();
  }
}
