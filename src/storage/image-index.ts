/** Images by everything they can be called. */
import { invalidArgument } from "../cri/status-error.ts";
import type { Reference } from "../registry/reference.ts";
import type { ImageRecord } from "./image-record.ts";

const fullId = /^(?:sha256:)?([0-9a-f]{64})$/;
const shortId = /^(?:sha256:)?([0-9a-f]{4,63})$/;

/** Whether `text` is an image's whole ID. */
export function isImageId(text: string): boolean {
  return fullId.test(text);
}

/** The names under which a pull of `reference` files its image: one of the two. */
export function filedAs(reference: Reference): { tag?: string; digest?: string } {
  const { name, tag, digest } = reference;
  return digest === undefined ? { tag: `${name}:${tag}` } : { digest: `${name}@${digest}` };
}

export class ImageIndex {
  readonly #candidates: (text: string) => Reference[];
  readonly #byName = new Map<string, ImageRecord>();
  readonly byId = new Map<string, ImageRecord>();

  /** `candidates` gives what a name may stand for, in the order to try. */
  constructor(candidates: (text: string) => Reference[]) {
    this.#candidates = candidates;
  }

  /** Files an image under its names, and no longer under those it had. */
  put(image: ImageRecord): void {
    this.delete(image);
    this.byId.set(image.id, image);
    for (const name of [...image.repoTags, ...image.repoDigests]) this.#byName.set(name, image);
  }

  delete({ id }: ImageRecord): void {
    this.byId.delete(id);
    for (const [name, image] of this.#byName) if (image.id === id) this.#byName.delete(name);
  }

  /**
   * The image that `text` means: an ID, a name with tag or digest (as short as people write them), or the start of
   * an ID. Throws INVALID_ARGUMENT when it can mean none, or several.
   */
  find(text: string): ImageRecord | undefined {
    const id = fullId.exec(text)?.[1];
    if (id !== undefined) return this.byId.get(`sha256:${id}`);
    // A name in full means itself, whatever registries.conf says: that need not be looked at.
    const named = this.#byName.get(text);
    if (named) return named;
    const prefix = shortId.exec(text)?.[1];
    try {
      for (const reference of this.#candidates(text)) {
        const { tag, digest } = filedAs(reference);
        const image = this.#byName.get((tag ?? digest)!);
        if (image) return image;
      }
    } catch (error) {
      if (prefix === undefined) throw error;
    }
    return prefix === undefined ? undefined : this.#byPrefix(prefix);
  }

  #byPrefix(prefix: string): ImageRecord | undefined {
    const matches = [...this.byId.values()].filter(({ id }) => id.startsWith(`sha256:${prefix}`));
    if (matches.length > 1)
      throw invalidArgument("image", prefix, `${matches.length} images' IDs begin with it`);
    return matches[0];
  }
}
