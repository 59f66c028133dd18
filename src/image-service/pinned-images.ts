/** Images that the kubelet must not collect: the pause image, and `pinned_images` of crio.conf(5). */
import type { ImageRecord } from "../storage/image-record.ts";
import type { Images } from "../storage/images.ts";
import type { IsPinned } from "./image-entries.ts";

export interface PinSettings {
  pauseImage: string;
  /** Names in full; `NAME*` for all that begin so, `*PART*` for all that have it anywhere. */
  pinnedImages: readonly string[];
}

/** What is pinned as of now. A pattern is held against every tag and digest of an image. */
export function pinning(images: Pick<Images, "find">, { pauseImage, pinnedImages }: PinSettings): IsPinned {
  // Without it no pod can start.
  const pause = images.find(pauseImage);
  const matchers = pinnedImages.map(matcherOf);
  const isNamed = (name: string) => matchers.some((matches) => matches(name));
  return ({ id, repoTags, repoDigests }: ImageRecord) =>
    id === pause?.id || (matchers.length > 0 && (repoTags.some(isNamed) || repoDigests.some(isNamed)));
}

function matcherOf(pattern: string): (name: string) => boolean {
  if (!pattern.endsWith("*")) return (name) => name === pattern;
  const start = pattern.slice(0, -1);
  if (!start.startsWith("*")) return (name) => name.startsWith(start);
  const part = start.slice(1);
  return (name) => name.includes(part);
}
