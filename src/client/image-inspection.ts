/** What `critter inspect` reports of an image, and which containers are of it. */
import type { ImageConfig } from "../storage/image-config.ts";
import type { CriClient } from "./cri-client.ts";
import { NotFoundError } from "./find.ts";

export interface ImageInspection {
  kind: "Image";
  image: {
    id: string;
    repoTags: string[];
    repoDigests: string[];
    /** Bytes on disk. */
    size: number;
    pinned: boolean;
    layers: number;
    /** The image's configuration, as its manifest's `config` has it. */
    imageSpec: Partial<ImageConfig>;
  };
  containers: { id: string; name: string; podSandboxId: string; podSandbox: string; state: string }[];
}

export async function inspectImage({ runtime, image }: CriClient, id: string): Promise<ImageInspection> {
  const [answer, { containers }, { items }] = await Promise.all([
    image.ImageStatus({ image: { image: id }, verbose: true }),
    runtime.ListContainers(),
    runtime.ListPodSandbox(),
  ]);
  if (!answer.image) throw new NotFoundError(`image ${id} has gone`);
  const { repoTags, repoDigests, size, pinned } = answer.image;
  const { imageSpec = {}, chainIDs = [] } = JSON.parse(answer.info.info ?? "{}") as {
    imageSpec?: Partial<ImageConfig>;
    chainIDs?: string[];
  };
  const pods = new Map(items.map((pod) => [pod.id, `${pod.metadata?.namespace}/${pod.metadata?.name}`]));
  return {
    kind: "Image",
    image: { id, repoTags, repoDigests, size: Number(size), pinned, layers: chainIDs.length, imageSpec },
    containers: containers
      .filter(({ imageId }) => imageId === id)
      .map((container) => ({
        id: container.id,
        name: container.metadata?.name ?? "",
        podSandboxId: container.podSandboxId,
        podSandbox: pods.get(container.podSandboxId) ?? "",
        state: container.state,
      })),
  };
}
