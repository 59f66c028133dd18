/** ImageStatus. */
import type { ImageStatusRequest, ImageStatusResponse } from "../cri/messages.ts";
import { invalidArgument } from "../cri/status-error.ts";
import type { ImageRecord } from "../storage/image-record.ts";
import type { ImageServiceContext } from "./context.ts";
import { imageMessage } from "./image-message.ts";

/**
 * One image; the answer has none when it is not here. Verbose, `info.info` has its configuration, and
 * `info.pull` how far a pull of it is that is under way.
 */
export async function imageStatus(
  context: ImageServiceContext,
  { image: spec, verbose }: ImageStatusRequest,
): Promise<ImageStatusResponse> {
  if (!spec?.image) throw invalidArgument("image.image", spec?.image, "a name or an ID is required");
  const image = context.storage.images.find(spec.image);
  const info: Record<string, string> = {};
  if (verbose && image) info.info = JSON.stringify(describe(image));
  if (verbose && !isId(spec.image)) {
    const progress = context.storage.pullProgress(spec.image);
    if (progress) info.pull = JSON.stringify(progress);
  }
  return { image: image ? imageMessage(context, image) : null, info };
}

function isId(name: string): boolean {
  return /^(sha256:)?[0-9a-f]{64}$/.test(name);
}

/** `imageSpec` is where crictl's users know the configuration from. */
function describe({ config, layers, manifestDigest }: ImageRecord): object {
  return { imageSpec: config, chainIDs: layers, manifestDigest };
}
