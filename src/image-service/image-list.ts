/** ListImages. */
import type { ListImagesRequest, ListImagesResponse } from "../cri/messages.ts";
import type { ImageServiceContext } from "./context.ts";
import { imageMessage } from "./image-message.ts";

/** All images, or the one that the filter names. */
export async function listImages(
  context: ImageServiceContext,
  { filter }: ListImagesRequest,
): Promise<ListImagesResponse> {
  const { images } = context.storage;
  const name = filter?.image?.image;
  const found = name ? [images.find(name)].filter((image) => image !== undefined) : images.list();
  return { images: found.map((image) => imageMessage(context, image)) };
}
