/** StreamImages: what ListImages answers, in parts. */
import { partsOf } from "../cri/list-parts.ts";
import type { StreamImagesRequest } from "../cri/messages.ts";
import type { ImageServiceContext } from "./context.ts";
import { listImages } from "./image-list.ts";

export function streamImages(context: ImageServiceContext, request: StreamImagesRequest): Iterable<Buffer> {
  return partsOf(listImages(context, request));
}
