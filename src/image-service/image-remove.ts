/** RemoveImage. */
import type { RemoveImageRequest, RemoveImageResponse } from "../cri/messages.ts";
import { invalidArgument } from "../cri/status-error.ts";
import type { ImageServiceContext } from "./context.ts";

/** Removes an image with all its names, whichever it was called by. One that is not here is removed already. */
export async function removeImage(
  { storage }: ImageServiceContext,
  { image: spec }: RemoveImageRequest,
): Promise<RemoveImageResponse> {
  if (!spec?.image) throw invalidArgument("image.image", spec?.image, "a name or an ID is required");
  const image = storage.images.find(spec.image);
  if (image) storage.images.remove(image);
  return {};
}
