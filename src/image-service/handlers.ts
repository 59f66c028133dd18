/** The ImageService of the CRI: one function an RPC. */
import type { ImageServiceMethods } from "../cri/messages.ts";
import type { Handlers } from "../cri/server.ts";
import type { ImageServiceContext } from "./context.ts";
import { imageFsInfo } from "./image-fs-info.ts";
import { listImages } from "./image-list.ts";
import { pullImage } from "./image-pull.ts";
import { removeImage } from "./image-remove.ts";
import { imageStatus } from "./image-status.ts";
import { streamImages } from "./image-stream.ts";

/** All RPCs, bound to what they work with. */
export function imageServiceHandlers(context: ImageServiceContext): Handlers<ImageServiceMethods> {
  return {
    PullImage: (request) => pullImage(context, request, context.stopping),
    ListImages: (request) => listImages(context, request),
    StreamImages: (request) => streamImages(context, request),
    ImageStatus: (request) => imageStatus(context, request),
    RemoveImage: (request) => removeImage(context, request),
    ImageFsInfo: (request) => imageFsInfo(context, request),
  };
}
