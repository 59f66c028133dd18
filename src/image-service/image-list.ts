/** ListImages: from entries that are kept encoded. */
import type { ListImagesRequest } from "../cri/messages.ts";
import type { ImageServiceContext } from "./context.ts";

/** All images, or the one that the filter names; a ListImagesResponse. */
export function listImages({ storage, entries }: ImageServiceContext, { filter }: ListImagesRequest): Buffer {
  const { images } = storage;
  const name = filter?.image?.image;
  const found = name ? [images.find(name)].filter((image) => image !== undefined) : images.list();
  return entries.encoded(found);
}
