/** What the ImageService's RPCs work with. */
import type { ImageStatusResponse } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import type { Storage } from "../storage/storage.ts";
import type { ImageEntries } from "./image-entries.ts";

export interface ImageServiceContext {
  storage: Pick<Storage, "root" | "images" | "pull" | "pullProgress" | "usage">;
  entries: ImageEntries;
  /** ImageStatus' own encoding, for what its answer has besides the image. */
  encodeInfo: (response: Init<ImageStatusResponse>) => Buffer;
  /** crio.conf's `namespaced_auth_dir`, as it is now. */
  namespacedAuthDir?: () => string;
  /** crio.conf's `oci_artifact_mount_support`, as it is now: whether artifacts may be pulled. Default: no. */
  takesArtifacts?: () => boolean;
  /** Aborted when the daemon ends: pulls are given up. */
  stopping?: AbortSignal;
}
