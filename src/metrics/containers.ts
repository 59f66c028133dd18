/** Pods and containers: how many there are, and what befell them. */
import { type ContainerRecord, OOM_KILLED, UNKNOWN_END } from "../oci/record.ts";
import type { PodSandboxRecord } from "../sandbox/record.ts";
import type { Store } from "../state/store.ts";
import type { Families } from "./families.ts";

export interface ContainerSources {
  sandboxes: Store<PodSandboxRecord>;
  containers: Store<ContainerRecord>;
  /** crio.conf's `default_runtime`, as of now. */
  defaultRuntime: () => string;
}

/** Counts what happens from now on, ends that recovery finds among it. */
export function countContainers(families: Families, sources: ContainerSources): void {
  const { sandboxes, containers, defaultRuntime } = sources;
  countPhases(families, sources);
  families.gauge("default_runtime", {
    help: "1 for the runtime handler of pods that name none.",
    labels: ["runtime"],
    collect: (metric) => {
      metric.reset();
      metric.set({ runtime: defaultRuntime() }, 1);
    },
  });
  const oom = families.counter("containers_oom_total", {
    help: "Containers that the kernel has killed for want of memory.",
  });
  const oomByName = families.counter("containers_oom_count_total", {
    help: "Containers that the kernel has killed for want of memory, by name (k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT) until they are removed.",
    labels: ["name"],
  });
  const lost = families.counter("containers_stopped_monitor_count", {
    help: "Containers whose monitor has ended before them, by name until they are removed.",
    labels: ["name"],
  });
  /** Containers whose end has been looked at, with the name it was counted by. */
  const ended = new Map<string, string>();
  for (const { id, phase } of containers) if (phase === "exited" || phase === "removing") ended.set(id, "");
  containers.onChange((record, change) => {
    const { id, phase, reason } = record;
    const counted = ended.get(id);
    if (change === "deleted") {
      ended.delete(id);
      if (counted) for (const metric of [oomByName, lost]) metric.remove({ name: counted });
      return;
    }
    if (phase !== "exited" || counted !== undefined) return;
    const isCounted = reason === OOM_KILLED || reason === UNKNOWN_END;
    const name = isCounted ? nameOf(record, sandboxes.find(record.podSandboxId)) : "";
    ended.set(id, name);
    if (reason === OOM_KILLED) {
      oom.inc();
      oomByName.inc({ name });
    } else if (reason === UNKNOWN_END) lost.inc({ name });
  });
}

function countPhases(families: Families, { sandboxes, containers }: ContainerSources): void {
  families.gauge("pods", {
    help: "Pod sandboxes, by phase.",
    labels: ["phase"],
    collect: (metric) => {
      for (const phase of ["creating", "failed", "ready", "notready", "removing"]) metric.set({ phase }, 0);
      for (const { phase } of sandboxes) metric.inc({ phase });
    },
  });
  families.gauge("containers", {
    help: "Containers, without those of pause, by phase.",
    labels: ["phase"],
    collect: (metric) => {
      for (const phase of ["creating", "created", "running", "exited", "removing"]) metric.set({ phase }, 0);
      for (const { phase } of containers) metric.inc({ phase });
    },
  });
}

/** As CRI-O names containers. */
function nameOf({ config: { metadata } }: ContainerRecord, pod: PodSandboxRecord | undefined): string {
  const { name = "", namespace = "", uid = "" } = pod?.config.metadata ?? {};
  return ["k8s", metadata.name, name, namespace, uid, metadata.attempt].join("_");
}
