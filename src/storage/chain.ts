/** Chain IDs: what a layer is on top of those below it (OCI image specification, config.md, "Layer ChainID"). */
import { digestOf } from "../registry/digest.ts";

/** The chain ID of each layer, base first. */
export function chainIds(diffIds: string[]): string[] {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(Buffer.from(`${below} ${diffId}`)));
  }
  return chain;
}
