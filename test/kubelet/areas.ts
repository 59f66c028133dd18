/** All areas, in the order of the table. */
import type { Area } from "./feature.ts";
import { features as apiVolumes } from "./features/api-volumes.ts";
import { features as critterRestart } from "./features/critter-restart.ts";
import { features as dns } from "./features/dns.ts";
import { features as downwardApi } from "./features/downward-api.ts";
import { features as eventedPleg } from "./features/evented-pleg.ts";
import { features as eviction } from "./features/eviction.ts";
import { features as hostNamespaces } from "./features/host-namespaces.ts";
import { features as hostPorts } from "./features/host-ports.ts";
import { features as imageGarbage } from "./features/image-garbage.ts";
import { features as imageVolumes } from "./features/image-volumes.ts";
import { features as initContainers } from "./features/init-containers.ts";
import { features as kubeletRestart } from "./features/kubelet-restart.ts";
import { features as lifecycleHooks } from "./features/lifecycle-hooks.ts";
import { features as logRotation } from "./features/log-rotation.ts";
import { features as mounts } from "./features/mounts.ts";
import { features as probes } from "./features/probes.ts";
import { features as resize } from "./features/resize.ts";
import { features as resources } from "./features/resources.ts";
import { features as restarts } from "./features/restarts.ts";
import { features as runtimeClass } from "./features/runtime-class.ts";
import { features as securityContext } from "./features/security-context.ts";
import { features as stats } from "./features/stats.ts";
import { features as streaming } from "./features/streaming.ts";
import { features as sysctls } from "./features/sysctls.ts";
import { features as userNamespaces } from "./features/user-namespaces.ts";
import { features as volumes } from "./features/volumes.ts";

export const areas: readonly Area[] = [
  { name: "init-containers", features: initContainers },
  { name: "restarts", features: restarts },
  { name: "probes", features: probes },
  { name: "lifecycle-hooks", features: lifecycleHooks },
  { name: "volumes", features: volumes },
  { name: "mounts", features: mounts },
  { name: "downward-api", features: downwardApi },
  { name: "api-volumes", features: apiVolumes },
  { name: "image-volumes", features: imageVolumes },
  { name: "resources", features: resources },
  { name: "resize", features: resize },
  { name: "host-namespaces", features: hostNamespaces },
  { name: "host-ports", features: hostPorts },
  { name: "dns", features: dns },
  { name: "sysctls", features: sysctls },
  { name: "security-context", features: securityContext },
  { name: "runtime-class", features: runtimeClass },
  { name: "user-namespaces", features: userNamespaces },
  { name: "log-rotation", features: logRotation },
  { name: "streaming", features: streaming },
  { name: "stats", features: stats },
  { name: "image-garbage", features: imageGarbage },
  { name: "eviction", features: eviction },
  { name: "evented-pleg", features: eventedPleg },
  { name: "kubelet-restart", features: kubeletRestart },
  { name: "critter-restart", features: critterRestart },
];
