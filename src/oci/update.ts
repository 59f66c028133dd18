/** UpdateContainerResources: new limits for a container that has been created and has not ended. */
import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { status } from "@grpc/grpc-js";
import { machineCgroups } from "../cgroups/machine.ts";
import { processesIn } from "../cgroups/processes.ts";
import type { LinuxContainerResources } from "../cri/messages.ts";
import { codeOf, failedPrecondition, messageOf, StatusError } from "../cri/status-error.ts";
import { containerCgroup } from "./container-cgroup.ts";
import { type ContainerContext, presentHandler } from "./context.ts";
import { liftCpuQuota } from "./lift-cpu-quota.ts";
import { type ContainerRecord, containerState } from "./record.ts";
import type { Runtime } from "./runtime.ts";
import { isGiven, mergedResources } from "./spec/merged-resources.ts";
import { oomScoreAdj } from "./spec/oom-score.ts";
import { ociResources } from "./spec/resources.ts";
import type { Resources } from "./spec/types.ts";

const field = "linux";

/**
 * Puts the limits that `update` gives into effect and on record; the others stay. INVALID_ARGUMENT for a wrong value, FAILED_PRECONDITION
 * for a container that has ended and for what the kernel refuses, such as a limit below what is in use; nothing is recorded then.
 */
export function updateContainer(
  context: ContainerContext,
  record: ContainerRecord,
  update: LinuxContainerResources,
): Promise<void> {
  return context.locks.run(record.id, async () => {
    if (record.phase !== "created" && record.phase !== "running") {
      throw failedPrecondition(`container ${record.id} is in state ${containerState(record.phase)}`);
    }
    const { host } = context;
    const { runtime, config } = presentHandler(context, record.runtime);
    const next = mergedResources(record.resources, update);
    const options = { field, minimumMemory: config.containerMinMemory };
    const resources = ociResources(withWholeMemory(update, next), host, options);
    const score = isGiven(update.oomScoreAdj)
      ? oomScoreAdj(update.oomScoreAdj, host, `${field}.oom_score_adj`)
      : undefined;
    try {
      await runtime.update(record.id, resources);
      if ((resources.cpu?.quota ?? 0) < 0) await liftCpuQuota(runtime, record.id);
      writeHugepageLimits(runtime, record.id, resources.hugepageLimits ?? []);
      if (score !== undefined) writeOomScore(runtime, record.id, score);
    } catch (error) {
      const code = codeOf(error) === status.UNKNOWN ? status.FAILED_PRECONDITION : codeOf(error);
      throw new StatusError(code, `${shown(update)} cannot be put into effect: ${messageOf(error)}`);
    }
    context.store.update(record, { resources: next });
  });
}

/** Memory and swap are one limit in two numbers: who gives the one leaves the other as it was. */
function withWholeMemory(
  update: LinuxContainerResources,
  { memoryLimitInBytes, memorySwapLimitInBytes }: LinuxContainerResources,
): LinuxContainerResources {
  if (!isGiven(update.memoryLimitInBytes) && !isGiven(update.memorySwapLimitInBytes)) return update;
  return { ...update, memoryLimitInBytes, memorySwapLimitInBytes };
}

/** runc's update passes over them. */
function writeHugepageLimits(
  runtime: Runtime,
  id: string,
  limits: NonNullable<Resources["hugepageLimits"]>,
): void {
  if (limits.length === 0) return;
  const { controller, folder } = containerCgroup(runtime, id, ["hugetlb"]);
  const file = controller === "" ? "max" : "limit_in_bytes";
  for (const { pageSize, limit } of limits)
    writeFileSync(join(folder, `hugetlb.${pageSize}.${file}`), String(limit));
}

/** The runtimes' update has no such field. New processes have it from those that start them. */
function writeOomScore(runtime: Runtime, id: string, score: number): void {
  const { mount, folder } = containerCgroup(runtime, id);
  for (const pid of processesIn(machineCgroups(), `/${relative(mount, folder)}`)) {
    try {
      writeFileSync(`/proc/${pid}/oom_score_adj`, String(score));
    } catch (error) {
      // It has ended since.
      if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
}

/** The fields that a request gives, for an error. */
function shown(update: LinuxContainerResources): string {
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const given = Object.entries(update).filter(([, value]) => isGiven(value));
  return given.map(([name, value]) => `${field}.${snake(name)} ${JSON.stringify(value)}`).join(", ");
}
