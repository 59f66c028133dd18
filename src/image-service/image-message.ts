/** An image as the CRI tells of it. */
import type { Image } from "../cri/messages.ts";
import { imageUser } from "../storage/image-config.ts";
import type { ImageRecord } from "../storage/image-record.ts";

/** The same message in every answer, whatever the image was asked for by. */
export function imageMessage(image: ImageRecord, pinned: boolean): Image {
  const { id, repoTags, repoDigests, size, spec } = image;
  const { uid, username } = imageUser(image.config.config);
  return {
    id,
    repoTags,
    repoDigests,
    size,
    uid: uid === undefined ? null : { value: uid },
    username,
    spec,
    pinned,
  };
}
