/** Which pod, container or image somebody means by a name or the beginning of an id. */
import type { Container, Image, PodSandbox } from "../cri/messages.ts";
import type { CriClient } from "./cri-client.ts";
import { shortId } from "./states.ts";

export type Found =
  | { kind: "PodSandbox"; id: string }
  | { kind: "Container"; id: string; podSandboxId: string }
  | { kind: "Image"; id: string };

/** Nothing, or more than one thing, is meant. */
export class NotFoundError extends Error {}

interface Candidate {
  found: Found;
  /** What it may be called. */
  names: string[];
  /** What an error calls it. */
  description: string;
  /** Of several that have the same name, one that runs is meant. */
  runs: boolean;
}

/**
 * Finds by name (`web`, `default/web`; of a container `main`, `web/main`, `default/web/main`; of an image tag or digest), else
 * by the beginning of an id. A pod goes before a container, and both before an image.
 * @throws NotFoundError
 */
export async function find({ runtime, image }: CriClient, text: string): Promise<Found> {
  const [{ items }, { containers }, { images }] = await Promise.all([
    runtime.ListPodSandbox(),
    runtime.ListContainers(),
    image.ListImages(),
  ]);
  const kinds = [items.map(podCandidate), containerCandidates(containers, items), images.map(imageCandidate)];
  const named = (candidate: Candidate) => candidate.names.includes(text) || candidate.found.id === text;
  for (const candidates of kinds) {
    const found = theOne(text, candidates.filter(named));
    if (found) return found;
  }
  const byId = kinds.flat().filter(({ found }) => beginsWith(found.id, text));
  return theOne(text, byId) ?? (await imageInFull(image, text));
}

/** As the daemon completes names: `busybox` is `docker.io/library/busybox:latest`. */
async function imageInFull(service: CriClient["image"], text: string): Promise<Found> {
  const { image } = await service
    .ImageStatus({ image: { image: text } })
    .catch((): { image: Image | null } => ({ image: null }));
  if (image) return { kind: "Image", id: image.id };
  throw new NotFoundError(`there is no pod, container or image of the name or id ${JSON.stringify(text)}`);
}

function theOne(text: string, candidates: Candidate[]): Found | undefined {
  const running = candidates.filter(({ runs }) => runs);
  const [first, ...more] = running.length === 1 ? running : candidates;
  if (more.length === 0) return first?.found;
  const list = candidates
    .map(({ found, description }) => `\n  ${shortId(found.id)}  ${description}`)
    .join("");
  throw new NotFoundError(`${JSON.stringify(text)} may be any of these:${list}`);
}

function podCandidate({ id, metadata, state }: PodSandbox): Candidate {
  const name = metadata?.name ?? "";
  const full = `${metadata?.namespace}/${name}`;
  return {
    found: { kind: "PodSandbox", id },
    names: [name, full],
    description: `pod ${full}, attempt ${metadata?.attempt}`,
    runs: state === "SANDBOX_READY",
  };
}

function containerCandidates(containers: Container[], pods: PodSandbox[]): Candidate[] {
  const podNames = new Map(pods.map(({ id, metadata }) => [id, metadata]));
  return containers.map(({ id, metadata, podSandboxId, state }) => {
    const name = metadata?.name ?? "";
    const pod = podNames.get(podSandboxId);
    const full = `${pod?.namespace}/${pod?.name}/${name}`;
    return {
      found: { kind: "Container", id, podSandboxId },
      names: [name, `${pod?.name}/${name}`, full],
      description: `container ${full}, attempt ${metadata?.attempt}`,
      runs: state === "CONTAINER_RUNNING",
    };
  });
}

function imageCandidate({ id, repoTags, repoDigests }: Image): Candidate {
  const names = [...repoTags, ...repoDigests];
  return { found: { kind: "Image", id }, names, description: `image ${names[0] ?? ""}`, runs: false };
}

function beginsWith(id: string, text: string): boolean {
  return text !== "" && (id.startsWith(text) || id.startsWith(`sha256:${text}`));
}
