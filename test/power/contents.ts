/** What is in the images: as it was when they were pulled and nothing happened, and as it is now. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { BuiltImage } from "../images/image.ts";
import type { Daemon } from "../support/daemon.ts";
import { fileTree } from "../support/file-tree.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";

/** An image as the registry has it, and as it is unpacked. */
export interface KnownImage {
  /** Digests of its configuration and its manifest. */
  id: string;
  digest: string;
  /** See `fileTree`. */
  tree: string[];
}

/** Where the daemon finds the images of the trials. */
export const REGISTRY = "power.test";

export const referenceOf = (name: string) => `${REGISTRY}/${name}:latest`;

/** Pulls all images, with no power cut, and looks at them. Answers them by their references. */
export async function knowImages(
  daemon: Daemon,
  images: ReadonlyMap<string, BuiltImage>,
): Promise<Map<string, KnownImage>> {
  const known = new Map<string, KnownImage>();
  for (const [name, { blobs, manifests }] of images) {
    await daemon.client.image.PullImage({ image: { image: referenceOf(name) } });
    const [id, digest] = [blobs.at(-1)!.digest, manifests.at(-1)!.digest];
    known.set(referenceOf(name), { id, digest, tree: [] });
  }
  await using pod = await livePod(daemon);
  for (const [reference, tree] of await treesOf(daemon, pod, known)) known.get(reference)!.tree = tree;
  return known;
}

/**
 * Fails unless each image of the trials that the daemon lists is the one that the registry has, has the files that it
 * had, and runs.
 */
export async function checkListedImages(
  daemon: Daemon,
  known: ReadonlyMap<string, KnownImage>,
): Promise<void> {
  const { images } = await daemon.client.image.ListImages();
  const listed = new Map<string, KnownImage>();
  for (const { id, repoTags, repoDigests } of images) {
    for (const reference of repoTags.filter((tag) => tag.startsWith(`${REGISTRY}/`))) {
      const image = known.get(reference)!;
      assert.equal(id, image.id, reference);
      assert.deepEqual(repoDigests, [`${reference.replace(/:latest$/, "")}@${image.digest}`]);
      listed.set(reference, image);
    }
  }
  if (listed.size === 0) return;
  await using pod = await livePod(daemon);
  for (const [reference, tree] of await treesOf(daemon, pod, listed)) {
    assert.deepEqual(changes(known.get(reference)!.tree, tree), [], `files of ${reference}`);
  }
  for (const reference of listed.keys()) {
    const { exitCode } = await pod.finish({ image: { image: reference }, command: ["ls", "-R", "/bin"] });
    assert.equal(exitCode, 0, `a container of ${reference}`);
  }
}

/** The files of images that are here, each a volume of one container. */
async function treesOf(
  { folder }: Daemon,
  pod: LivePod,
  images: ReadonlyMap<string, KnownImage>,
): Promise<Map<string, string[]>> {
  const references = [...images.keys()];
  const containerId = await pod.create({
    image: { image: references[0]! },
    command: ["sleep", "inf"],
    mounts: references.map((reference, at) => ({
      containerPath: `/volumes/${at}`,
      image: { image: reference },
      readonly: true,
    })),
  });
  const volumes = join(folder, "root/storage/overlay-containers", containerId, "volumes");
  return new Map(
    references.map((reference) => {
      const tree = join(volumes, images.get(reference)!.id.replace("sha256:", ""));
      assert.ok(existsSync(tree), `${reference} is not among ${readdirSync(volumes)}`);
      return [reference, fileTree(tree)];
    }),
  );
}

/** Lines that are in only one of two trees: a whole tree is too long to be shown. */
function changes(before: string[], now: string[]): string[] {
  const [were, are] = [new Set(before), new Set(now)];
  const gone = before.filter((line) => !are.has(line)).map((line) => `- ${line}`);
  const added = now.filter((line) => !were.has(line)).map((line) => `+ ${line}`);
  return [...gone, ...added].slice(0, 10);
}
