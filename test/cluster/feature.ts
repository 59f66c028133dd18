/** What a file of test/cluster/features/ exports: what must work in a cluster. */
import type * as support from "../support/features.ts";
import type { Cluster } from "./node/cluster.ts";

export type Feature = support.Feature<Cluster>;
export type Area = support.Area<Cluster>;
