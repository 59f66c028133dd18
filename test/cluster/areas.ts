/** All areas, in the order of the table. */
import type { Area } from "./feature.ts";
import { features as debug } from "./features/debug.ts";
import { features as identity } from "./features/identity.ts";
import { features as images } from "./features/images.ts";
import { features as kubectl } from "./features/kubectl.ts";
import { features as node } from "./features/node.ts";
import { features as pods } from "./features/pods.ts";
import { features as services } from "./features/services.ts";
import { features as top } from "./features/top.ts";
import { features as workloads } from "./features/workloads.ts";

export const areas: readonly Area[] = [
  { name: "node", features: node },
  { name: "pods", features: pods },
  { name: "workloads", features: workloads },
  { name: "services", features: services },
  { name: "identity", features: identity },
  { name: "images", features: images },
  { name: "kubectl", features: kubectl },
  { name: "debug", features: debug },
  { name: "top", features: top },
];
