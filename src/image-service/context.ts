/** What the ImageService's RPCs work with. */
import type { Storage } from "../storage/storage.ts";

export interface ImageServiceContext {
  storage: Pick<Storage, "root" | "images" | "pull" | "pullProgress" | "usage">;
  /** Whether the kubelet must not collect an image of these names (tags and digests). Default: none. */
  isPinned?: (names: string[]) => boolean;
  /** crio.conf's `namespaced_auth_dir`, as it is now. */
  namespacedAuthDir?: () => string;
  /** Aborted when the daemon ends: pulls are given up. */
  stopping?: AbortSignal;
}
