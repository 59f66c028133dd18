/** What a file of test/kubelet/features/ exports: what must work under a kubelet, pods of it removed by `await using`. */
import type * as support from "../support/features.ts";
import type { KubeletNode } from "./node/kubelet-node.ts";

/** One that restarts the kubelet or critter is alone. */
export type Feature = support.Feature<KubeletNode>;
export type Area = support.Area<KubeletNode>;
