/** How far a pull is, for a verbose ImageStatus while it runs. */
import type { LayerSpec, LayerState } from "./layer-maker.ts";
import type { Layers } from "./layers.ts";

export interface PullProgress {
  reference: string;
  /** Base layer first; empty until the manifest and the configuration are here. */
  layers: {
    digest: string;
    /** Compressed bytes, in all and so far. */
    size: number;
    downloaded: number;
    state: LayerState;
  }[];
}

export function progressOf(reference: string, specs: LayerSpec[], layers: Layers): PullProgress {
  return {
    reference,
    layers: specs.map(({ chainId, descriptor: { digest, size } }) => {
      if (layers.get(chainId)) return { digest, size, downloaded: size, state: "done" };
      const { downloaded, state } = layers.progress(chainId) ?? { downloaded: 0, state: "waiting" };
      return { digest, size, downloaded, state };
    }),
  };
}
