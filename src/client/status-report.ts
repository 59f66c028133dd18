/** What `critter status` reports, and `--json` prints as it is: read by the CRI's RPCs alone. */
import type { FilesystemUsage, RuntimeCondition } from "../cri/messages.ts";
import type { DaemonInfo } from "../runtime-service/daemon-info.ts";
import { readCosts } from "./costs.ts";
import type { CriClient } from "./cri-client.ts";
import { imageNames, type PodReport, podReport, podStatus } from "./pod-report.ts";

interface DiskUse {
  mountpoint: string;
  usedBytes: number;
  inodesUsed: number;
}

export interface StatusReport {
  runtimeName: string;
  runtimeVersion: string;
  runtimeApiVersion: string;
  /** Null where the runtime is not critter. */
  daemon: DaemonInfo | null;
  conditions: RuntimeCondition[];
  runtimeHandlers: string[];
  /** How many images there are. */
  images: number;
  /** What they take. */
  imageFilesystem: DiskUse | null;
  /** By namespace and name. */
  podSandboxes: PodReport[];
}

export async function statusReport(client: CriClient): Promise<StatusReport> {
  const { runtime, image } = client;
  const [version, status, { images }, filesystems, costs, { items }] = await Promise.all([
    runtime.Version(),
    runtime.Status({ verbose: true }),
    image.ListImages(),
    image.ImageFsInfo(),
    readCosts(client),
    runtime.ListPodSandbox(),
  ]);
  const known = { costs, imageNames: imageNames(images) };
  const pods = await Promise.all(items.map(({ id }) => podStatus(client, id)));
  const { runtimeName, runtimeVersion, runtimeApiVersion } = version;
  return {
    runtimeName,
    runtimeVersion,
    runtimeApiVersion,
    daemon: status.info.daemon ? (JSON.parse(status.info.daemon) as DaemonInfo) : null,
    conditions: status.status?.conditions ?? [],
    runtimeHandlers: status.runtimeHandlers.map(({ name }) => name).filter((name) => name !== ""),
    images: images.length,
    imageFilesystem: diskUse(filesystems.imageFilesystems[0]),
    podSandboxes: pods
      .filter((pod) => pod !== undefined)
      .map((pod) => podReport(pod, known))
      .sort(byName),
  };
}

function diskUse(usage: FilesystemUsage | undefined): DiskUse | null {
  if (!usage) return null;
  const { fsId, usedBytes, inodesUsed } = usage;
  return {
    mountpoint: fsId?.mountpoint ?? "",
    usedBytes: Number(usedBytes?.value ?? 0),
    inodesUsed: Number(inodesUsed?.value ?? 0),
  };
}

function byName(one: PodReport, other: PodReport): number {
  return sortKey(one) < sortKey(other) ? -1 : 1;
}

function sortKey({ metadata, createdAt }: PodReport): string {
  return `${metadata?.namespace}/${metadata?.name} ${createdAt}`;
}
