/** Pulls an image that is absent, and shows how far the pull is. */
import type { CriClient } from "./cri-client.ts";
import type { PullProgress } from "./pull-progress.ts";

const interval = 200;

/** The reference under which the runtime knows `image` (its id), pulled first when absent; `signal` ends the wait. */
export async function ensureImage(
  client: CriClient,
  image: string,
  progress: PullProgress,
  signal?: AbortSignal,
): Promise<string> {
  const present = await client.image.ImageStatus({ image: { image } });
  if (present.image) return present.image.id;
  progress.begin(image);
  const timer = setInterval(async () => progress.update(await layersOf(client, image)), interval);
  try {
    const { imageRef } = await client.image.PullImage({ image: { image } }, { signal });
    clearInterval(timer);
    progress.end(await sizeOf(client, imageRef));
    return imageRef;
  } catch (error) {
    clearInterval(timer);
    progress.fail();
    throw error;
  }
}

/** A layer of a pull under way, as ImageStatus's verbose info has it. */
export interface LayerProgress {
  digest: string;
  /** Bytes. */
  size: number;
  downloaded: number;
  state: string;
}

/** Empty where the runtime does not say: the progress is a courtesy, no reason for a pull to fail. */
async function layersOf(client: CriClient, image: string): Promise<LayerProgress[]> {
  try {
    const { info } = await client.image.ImageStatus({ image: { image }, verbose: true }, { timeout: 1000 });
    return info.pull ? (JSON.parse(info.pull).layers ?? []) : [];
  } catch {
    return [];
  }
}

async function sizeOf(client: CriClient, image: string): Promise<number> {
  const { image: pulled } = await client.image.ImageStatus({ image: { image } });
  return Number(pulled?.size ?? 0);
}
