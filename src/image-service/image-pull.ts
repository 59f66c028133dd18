/** PullImage. */
import { checkName } from "../cri/checked-fields.ts";
import type { PullImageRequest, PullImageResponse } from "../cri/messages.ts";
import { invalidArgument } from "../cri/status-error.ts";
import { takeNamespacedAuth } from "../registry/auth-file.ts";
import type { ImageServiceContext } from "./context.ts";

/**
 * Pulls an image, or an artifact where those may be, that the signature policy of its pod's namespace lets pass; a pull
 * of it under way is joined.
 * `imageRef` of the answer is the image's ID. Without `signal` a pull goes on when its client has gone: the kubelet
 * asks again, and finds it further.
 */
export async function pullImage(
  { storage, namespacedAuthDir, takesArtifacts }: ImageServiceContext,
  { image: spec, auth, sandboxConfig }: PullImageRequest,
  signal?: AbortSignal,
): Promise<PullImageResponse> {
  if (!spec?.image) throw invalidArgument("image.image", spec?.image, "a name is required");
  const namespace = sandboxConfig?.metadata?.namespace ?? "";
  checkName("sandbox_config.metadata.namespace", namespace);
  const image = await storage.pull(spec.image, {
    auth,
    namespace,
    spec,
    wanted: takesArtifacts?.() ? "both" : "images",
    signal,
    namespacedAuth: (reference) =>
      namespacedAuthDir && takeNamespacedAuth(namespacedAuthDir(), namespace, reference),
  });
  return { imageRef: image.id };
}
