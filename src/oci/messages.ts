/** A container as the CRI's answers show it. */
import type { Container, ContainerFilter, ContainerStatus, ImageSpec } from "../cri/messages.ts";
import type { Init } from "../cri/proto.ts";
import { matchesLabels } from "../state/filter.ts";
import { type ContainerRecord, containerState, exitReason } from "./record.ts";

/** Its entry in ListContainers. */
export function containerEntry(record: ContainerRecord): Init<Container> {
  const { id, podSandboxId, config, imageRef, imageId, phase, createdAt } = record;
  const { metadata, image, labels, annotations } = config;
  const state = containerState(phase);
  return { id, podSandboxId, metadata, image, imageRef, imageId, state, createdAt, labels, annotations };
}

/** Its ContainerStatus. */
export function containerStatus(record: ContainerRecord): Init<ContainerStatus> {
  const { podSandboxId: _, ...entry } = containerEntry(record);
  const { startedAt, finishedAt, exitCode, message, logPath, user, stopSignal, resources } = record;
  return {
    ...entry,
    image: imageByItsName(record.config.image),
    startedAt,
    finishedAt,
    exitCode,
    reason: exitReason(record),
    message,
    mounts: record.config.mounts,
    logPath,
    user,
    stopSignal,
    resources: { linux: resources },
  };
}

/** The kubelet asks for an image by its ID, and shows users of the pod's status what is told here. */
function imageByItsName(image: ImageSpec | null): ImageSpec | null {
  return image && { ...image, image: image.userSpecifiedImage || image.image };
}

/** Whether a listing with `filter` shows the container; the ids are the filter's, made whole. */
export function containerMatches(
  record: ContainerRecord,
  filter: ContainerFilter | null,
  id?: string,
  podSandboxId?: string,
): boolean {
  // One that is still being made is nobody's yet: it may yet be rolled back.
  if (record.phase === "creating") return false;
  if (!filter) return true;
  if (id !== undefined && record.id !== id) return false;
  if (podSandboxId !== undefined && record.podSandboxId !== podSandboxId) return false;
  if (filter.state && filter.state.state !== containerState(record.phase)) return false;
  return matchesLabels(record.config.labels, filter.labelSelector);
}
