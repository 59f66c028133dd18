/** ImageStatus: from an entry that is kept encoded. */
import type { ImageStatusRequest } from "../cri/messages.ts";
import { invalidArgument } from "../cri/status-error.ts";
import { isImageId } from "../storage/image-index.ts";
import type { ImageRecord } from "../storage/image-record.ts";
import type { ImageServiceContext } from "./context.ts";

/**
 * One image; the answer (an ImageStatusResponse) has none when it is not here. Verbose, `info.info` has its
 * configuration, and `info.pull` how far a pull of it is that is under way.
 */
export function imageStatus(context: ImageServiceContext, request: ImageStatusRequest): Buffer {
  const { image: spec, verbose } = request;
  if (!spec?.image) throw invalidArgument("image.image", spec?.image, "a name or an ID is required");
  const image = context.storage.images.find(spec.image);
  const entry = context.entries.encoded(image ? [image] : []);
  if (!verbose) return entry;
  return Buffer.concat([entry, context.encodeInfo({ info: infoOf(context, spec.image, image) })]);
}

function infoOf(
  { storage }: ImageServiceContext,
  name: string,
  image: ImageRecord | undefined,
): Record<string, string> {
  const info: Record<string, string> = {};
  if (image) info.info = JSON.stringify(describe(image));
  const progress = isImageId(name) ? undefined : storage.pullProgress(name);
  if (progress) info.pull = JSON.stringify(progress);
  return info;
}

/** `imageSpec` and `chainID` are where crictl's users know the configuration and the topmost layer from. */
function describe({ config, layers, manifestDigest, artifactType }: ImageRecord): object {
  return { imageSpec: config, chainID: layers.at(-1), chainIDs: layers, manifestDigest, artifactType };
}
