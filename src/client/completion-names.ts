/** Names that a shell may offer: those of pods, containers, images and runtime handlers, as the daemon has them now. */
import type { Container, Image, PodSandbox } from "../cri/messages.ts";
import { connectTo, type Endpoint } from "./connection.ts";
import type { CriClient } from "./cri-client.ts";

/** What a shell may ask for; see Completion of command-line/option.ts. */
export type NameKind = "names" | "images" | "handlers";

/** Milliseconds that somebody who has pressed TAB waits at most. */
const patience = 2_000;

/** The names, none where no daemon answers. `words` are those of the command line so far, which may name the socket. */
export async function completionNames(kind: NameKind, words: readonly string[]): Promise<string[]> {
  try {
    using client = await connectTo(endpointIn(words), patience);
    return [...new Set(await namesOf[kind](client))].sort();
  } catch {
    return [];
  }
}

const namesOf: Record<NameKind, (client: CriClient) => Promise<string[]>> = {
  async names({ runtime, image }) {
    const [{ items }, { containers }, { images }] = await Promise.all([
      runtime.ListPodSandbox(),
      runtime.ListContainers(),
      image.ListImages(),
    ]);
    return [...podNames(items), ...containerNames(containers, items), ...imageNames(images)];
  },
  async images({ image }) {
    return imageNames((await image.ListImages()).images);
  },
  async handlers({ runtime }) {
    const { runtimeHandlers } = await runtime.Status();
    return runtimeHandlers.map(({ name }) => name).filter(Boolean);
  },
};

function podNames(pods: PodSandbox[]): string[] {
  return pods.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`);
}

function containerNames(containers: Container[], pods: PodSandbox[]): string[] {
  const byId = new Map(pods.map(({ id, metadata }) => [id, metadata]));
  return containers.flatMap(({ podSandboxId, metadata }) => {
    const pod = byId.get(podSandboxId);
    return pod ? [`${pod.namespace}/${pod.name}/${metadata?.name}`] : [];
  });
}

function imageNames(images: Image[]): string[] {
  return images.flatMap(({ repoTags }) => repoTags);
}

/** The line is not finished, and may be wrong: what does not name a socket is passed over. */
function endpointIn(words: readonly string[]): Endpoint {
  const valueAfter = (...names: string[]) => {
    for (const [index, word] of words.entries()) {
      if (names.includes(word)) return words[index + 1];
      const name = names.find((one) => one.startsWith("--") && word.startsWith(`${one}=`));
      if (name) return word.slice(name.length + 1);
    }
    return undefined;
  };
  return { socket: valueAfter("--socket"), config: valueAfter("--config", "-c") };
}
