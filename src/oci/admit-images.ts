/** The images of a container to be: found, or fetched where they are artifacts, and held against the signature policy. */
import { status } from "@grpc/grpc-js";
import type { ContainerConfig, ImageSpec, Mount } from "../cri/messages.ts";
import { codeOf, failedPrecondition, messageOf, notFound, StatusError } from "../cri/status-error.ts";
import { takeNamespacedAuth } from "../registry/auth-file.ts";
import type { Reference } from "../registry/reference.ts";
import { notAnImage } from "../registry/resolve-image.ts";
import { isImageId } from "../storage/image-index.ts";
import type { ImageRecord } from "../storage/image-record.ts";
import type { ContainerContext } from "./context.ts";
import { resolveImageMounts } from "./image-mounts.ts";

/** What a request's names stand for, once and for all: a tag may go to another image at any time. */
export interface AdmittedImages {
  image: ImageRecord;
  /** The request's; those of images tell which ones. */
  mounts: Mount[];
}

/** A request for a container, as far as it concerns images. */
export interface ImageRequest {
  config: ContainerConfig;
  /** The pod's. */
  namespace: string;
  signal?: AbortSignal | undefined;
}

/**
 * The images that a container may have. It may take as long as a pull: an artifact that a mount names and that is not
 * here is fetched, as are signatures. NOT_FOUND for an image that was not pulled, FAILED_PRECONDITION for an artifact
 * that is to be run; and what `Admission.check` and `Storage.pull` reject with.
 */
export async function admitImages(
  context: Pick<ContainerContext, "storage" | "config">,
  { config, namespace, signal }: ImageRequest,
): Promise<AdmittedImages> {
  const { storage } = context;
  const namespacedAuth = (reference: Reference) =>
    takeNamespacedAuth(context.config.image.namespacedAuthDir, namespace, reference);
  const request = { namespace, namespacedAuth, signal };
  const spec = config.image!;
  const image = storage.images.find(spec.image);
  if (!image) throw notFound("image", spec.image);
  if (image.artifactType !== undefined) {
    const reason = notAnImage(image.artifactType);
    throw failedPrecondition(`config.image.image is ${JSON.stringify(spec.image)}: ${reason}`);
  }
  await storage.admission.check(image, spec, request);
  const obtain = async (volume: ImageSpec, field: string): Promise<ImageRecord> => {
    const here = storage.images.find(volume.image);
    if (!here) return await fetchArtifact(context, volume, field, request);
    await storage.admission.check(here, volume, request).catch((error) => {
      const message = `${field} is ${JSON.stringify(volume.image)}: ${messageOf(error)}`;
      throw new StatusError(codeOf(error), message, { cause: error });
    });
    return here;
  };
  return { image, mounts: await resolveImageMounts(config.mounts, obtain) };
}

async function fetchArtifact(
  { storage }: Pick<ContainerContext, "storage">,
  spec: ImageSpec,
  field: string,
  request: Omit<Parameters<typeof storage.pull>[1] & object, "wanted" | "spec">,
): Promise<ImageRecord> {
  const absent = `${field} is ${JSON.stringify(spec.image)}: there is no such image`;
  if (isImageId(spec.image)) throw new StatusError(status.NOT_FOUND, absent);
  try {
    return await storage.pull(spec.image, { ...request, spec, wanted: "artifacts" });
  } catch (error) {
    const message = `${absent}, and no artifact can be fetched: ${messageOf(error)}`;
    throw new StatusError(codeOf(error), message, { cause: error });
  }
}
