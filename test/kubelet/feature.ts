/** What a file of test/kubelet/features/ exports: what must work under a kubelet. */
import type { KubeletNode } from "./node/kubelet-node.ts";

export interface Feature {
  /** Unique within its file, in words: "exec probe restarts the container". */
  name: string;
  /** Rejects where the feature does not work. What it makes it removes, pods by `await using`. */
  run(node: KubeletNode): Promise<void>;
  /** Whether no other feature may run on its node meanwhile, since it restarts the kubelet or critter, or fills the disk. */
  alone?: boolean;
  /** Only with `--long` or `--only`. */
  long?: boolean;
  /** Why it cannot be tried on this machine; undefined where it can. */
  skip?(node: KubeletNode): string | undefined;
}

/** The features of one file, which the table names by it. */
export interface Area {
  name: string;
  features: readonly Feature[];
}
