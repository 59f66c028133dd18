/** A pod and its containers as status and inspect report them: the CRI's names, times as RFC 3339 has them. */
import { status as grpcStatus } from "@grpc/grpc-js";
import type {
  ContainerMetadata,
  ContainerState,
  ContainerStatus,
  Image,
  Int64,
  PodSandboxMetadata,
  PodSandboxState,
  PodSandboxStatusResponse,
} from "../cri/messages.ts";
import { codeOf } from "../cri/status-error.ts";
import type { ContainerCost, Costs, PodCost } from "./costs.ts";
import type { CriClient } from "./cri-client.ts";

export interface PodReport {
  id: string;
  metadata: PodSandboxMetadata | null;
  state: PodSandboxState;
  createdAt: string | null;
  runtimeHandler: string;
  /** The primary one first; empty on the host's network. */
  ips: string[];
  /** Null for a pod that is not ready. */
  stats: PodCost | null;
  /** The oldest first. */
  containers: ContainerReport[];
}

export interface ContainerReport {
  id: string;
  metadata: ContainerMetadata | null;
  state: ContainerState;
  createdAt: string | null;
  /** Null for what has not happened. */
  startedAt: string | null;
  finishedAt: string | null;
  exitCode: number;
  reason: string;
  message: string;
  /** As whoever asked for it named it, else a tag of it, else its id. */
  image: string;
  imageId: string;
  logPath: string;
  /** Null for a container that does not run. */
  stats: ContainerCost | null;
}

/** PodSandboxStatus of a pod, `verbose` with what the daemon knows besides; undefined where the pod has gone meanwhile. */
export async function podStatus(
  { runtime }: Pick<CriClient, "runtime">,
  podSandboxId: string,
  verbose = false,
): Promise<PodSandboxStatusResponse | undefined> {
  try {
    return await runtime.PodSandboxStatus({ podSandboxId, verbose });
  } catch (error) {
    if (codeOf(error) === grpcStatus.NOT_FOUND) return undefined;
    throw error;
  }
}

/** What reports look up by id. */
export interface Known {
  costs: Costs;
  /** A tag of each image that has one. */
  imageNames: ReadonlyMap<string, string>;
}

export function imageNames(images: Image[]): Map<string, string> {
  return new Map(images.flatMap(({ id, repoTags: [tag] }) => (tag === undefined ? [] : [[id, tag]])));
}

export function podReport({ status, containersStatuses }: PodSandboxStatusResponse, known: Known): PodReport {
  if (!status) throw new Error("the runtime answered without a status of the pod sandbox");
  const { id, metadata, state, createdAt, runtimeHandler, network } = status;
  const ips = [network?.ip ?? "", ...(network?.additionalIps ?? []).map(({ ip }) => ip)];
  const ordered = [...containersStatuses].sort(
    (one, other) => Number(one.createdAt) - Number(other.createdAt),
  );
  return {
    id,
    metadata,
    state,
    createdAt: timeOf(createdAt),
    runtimeHandler,
    ips: ips.filter((ip) => ip !== ""),
    stats: known.costs.pods.get(id) ?? null,
    containers: ordered.map((container) => containerReport(container, known)),
  };
}

export function containerReport(status: ContainerStatus, { costs, imageNames }: Known): ContainerReport {
  const { id, metadata, state, exitCode, reason, message, imageId, logPath } = status;
  return {
    id,
    metadata,
    state,
    createdAt: timeOf(status.createdAt),
    startedAt: timeOf(status.startedAt),
    finishedAt: timeOf(status.finishedAt),
    exitCode,
    reason,
    message,
    image: imageName(status, imageNames),
    imageId,
    logPath,
    stats: costs.containers.get(id) ?? null,
  };
}

/** The kubelet asks for an image by its id, and says beside it how the pod names it. */
function imageName({ image, imageId }: ContainerStatus, names: Known["imageNames"]): string {
  const { userSpecifiedImage = "", image: asked = "" } = image ?? {};
  const named = [userSpecifiedImage, asked].find((name) => name !== "" && name !== imageId);
  return named ?? names.get(imageId) ?? imageId;
}

/** Of nanoseconds since the epoch; null for 0, which is what has not happened. */
export function timeOf(nanoseconds: Int64): string | null {
  const time = Number(nanoseconds);
  return time === 0 ? null : new Date(time / 1e6).toISOString();
}
