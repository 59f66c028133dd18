/** Images as the answers of ListImages and ImageStatus tell of them, kept encoded. */
import type { ListImagesResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import type { ImageRecord } from "../storage/image-record.ts";
import { imageMessage } from "./image-message.ts";

/** Whether the kubelet must not collect an image. */
export type IsPinned = (image: ImageRecord) => boolean;

interface Entry {
  pinned: boolean;
  encoded: Buffer;
}

export class ImageEntries {
  readonly #encode: (response: Init<ListImagesResponse>) => Buffer;
  readonly #pinning: () => IsPinned;
  /** A record is never changed, only replaced: its entry holds as long as it does. */
  readonly #entries = new WeakMap<ImageRecord, Entry>();

  /** `encode` is ListImages' own; `pinning` is asked once an answer, for what is pinned as of now. */
  constructor(encode: (response: Init<ListImagesResponse>) => Buffer, pinning: () => IsPinned) {
    this.#encode = encode;
    this.#pinning = pinning;
  }

  /**
   * The field 1 of both answers, `images` of ListImagesResponse and `image` of ImageStatusResponse, once for each
   * image; empty for none.
   */
  encoded(images: ImageRecord[]): Buffer {
    const isPinned = this.#pinning();
    return Buffer.concat(images.map((image) => this.#entry(image, isPinned(image))));
  }

  #entry(image: ImageRecord, pinned: boolean): Buffer {
    const known = this.#entries.get(image);
    if (known?.pinned === pinned) return known.encoded;
    const encoded = this.#encode({ images: [imageMessage(image, pinned)] });
    this.#entries.set(image, { pinned, encoded });
    return encoded;
  }
}
