/** What `critter inspect` reports of a pod and its containers, or of an image; `--json` prints it as it is. */
import type {
  ContainerUser,
  LinuxContainerResources,
  Mount,
  NamespaceOption,
  PodSandboxConfig,
  PodSandboxStatus,
  PortMapping,
  Signal,
} from "../cri/messages.ts";
import { readCosts } from "./costs.ts";
import type { CriClient } from "./cri-client.ts";
import { type Found, NotFoundError } from "./find.ts";
import { type ImageInspection, inspectImage } from "./image-inspection.ts";
import {
  type ContainerReport,
  containerReport,
  imageNames,
  type Known,
  type PodReport,
  podReport,
  podStatus,
} from "./pod-report.ts";

export type Inspection =
  | {
      kind: "PodSandbox" | "Container";
      podSandbox: PodInspection;
      /** Of a container that one only. */
      containers: ContainerInspection[];
    }
  | ImageInspection;

export interface PodInspection extends Omit<PodReport, "containers"> {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** POD, CONTAINER, NODE or TARGET each. */
  namespaces: { network: string; pid: string; ipc: string; user: string };
  hostname: string;
  portMappings: PortMapping[];
  logDirectory: string;
  cgroupParent: string;
  /** Of the pause container; 0 where none runs. */
  pid: number;
  pauseImage: string;
  /** What the CNI plugins answered; null on the host's network. */
  cniResult: object | null;
}

export interface ContainerInspection extends ContainerReport {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** The image's digest reference, or its id. */
  imageRef: string;
  /** What is executed. */
  args: string[];
  /** 0 where it does not run. */
  pid: number;
  user: ContainerUser | null;
  privileged: boolean;
  resources: LinuxContainerResources | null;
  mounts: Mount[];
  stopSignal: Signal;
  /** How the attempt before this one ended; null where none is known. */
  lastExit: LastExit | null;
}

export type LastExit = Pick<ContainerReport, "id" | "finishedAt" | "exitCode" | "reason" | "message"> & {
  attempt: number;
};

/** @throws NotFoundError for what has gone meanwhile. */
export async function inspect(client: CriClient, found: Found): Promise<Inspection> {
  if (found.kind === "Image") return inspectImage(client, found.id);
  const podSandboxId = found.kind === "PodSandbox" ? found.id : found.podSandboxId;
  const [answer, costs, { images }] = await Promise.all([
    podStatus(client, podSandboxId, true),
    readCosts(client, { id: podSandboxId }),
    client.image.ListImages(),
  ]);
  if (!answer?.status) throw new NotFoundError(`pod ${podSandboxId} has gone`);
  const known = { costs, imageNames: imageNames(images) };
  const { containers, ...pod } = podReport(answer, known);
  const wanted = containers.filter(({ id }) => found.kind === "PodSandbox" || id === found.id);
  return {
    kind: found.kind,
    podSandbox: podInspection(pod, answer.status, verboseOf<PodInfo>(answer.info)),
    containers: await Promise.all(
      wanted.map(async (container) => ({
        ...(await inspectContainer(client, container.id, known)),
        lastExit: lastExit(container, containers),
      })),
    ),
  };
}

function podInspection(
  pod: Omit<PodReport, "containers">,
  { labels, annotations, linux }: PodSandboxStatus,
  { config, pid = 0, image = "", cniResult = null }: Partial<PodInfo>,
): PodInspection {
  return {
    ...pod,
    labels,
    annotations,
    namespaces: namespaceModes(linux?.namespaces?.options ?? null),
    hostname: config?.hostname ?? "",
    portMappings: config?.portMappings ?? [],
    logDirectory: config?.logDirectory ?? "",
    cgroupParent: config?.linux?.cgroupParent ?? "",
    pid,
    pauseImage: image,
    cniResult,
  };
}

/** What the runtime leaves out is POD; but a user namespace is the host's then. */
function namespaceModes(options: NamespaceOption | null): PodInspection["namespaces"] {
  const { network = "POD", pid = "POD", ipc = "POD", usernsOptions } = options ?? {};
  return { network, pid, ipc, user: usernsOptions?.mode ?? "NODE" };
}

async function inspectContainer(
  { runtime }: CriClient,
  containerId: string,
  known: Known,
): Promise<Omit<ContainerInspection, "lastExit">> {
  const { status, info } = await runtime.ContainerStatus({ containerId, verbose: true });
  if (!status) throw new NotFoundError(`container ${containerId} has gone`);
  const { labels, annotations, imageRef, user, resources, mounts, stopSignal } = status;
  const { pid = 0, privileged = false, runtimeSpec } = verboseOf<ContainerInfo>(info);
  return {
    ...containerReport(status, known),
    labels,
    annotations,
    imageRef,
    args: runtimeSpec?.process?.args ?? [],
    pid,
    user,
    privileged,
    resources: resources?.linux ?? null,
    mounts,
    stopSignal,
  };
}

function lastExit(of: ContainerReport, containers: ContainerReport[]): LastExit | null {
  const attempt = (one: ContainerReport) => one.metadata?.attempt ?? 0;
  const before = containers
    .filter(({ state, metadata }) => state === "CONTAINER_EXITED" && metadata?.name === of.metadata?.name)
    .filter((one) => attempt(one) < attempt(of))
    .sort((one, other) => attempt(other) - attempt(one))[0];
  if (!before) return null;
  const { id, finishedAt, exitCode, reason, message } = before;
  return { id, attempt: attempt(before), finishedAt, exitCode, reason, message };
}

/** What of the daemon's verbose answers is shown here. */
interface PodInfo {
  pid: number;
  image: string;
  config: PodSandboxConfig;
  cniResult: object | null;
}

interface ContainerInfo {
  pid: number;
  privileged: boolean;
  runtimeSpec: { process?: { args?: string[] } } | null;
}

function verboseOf<T>(info: Record<string, string>): Partial<T> {
  return JSON.parse(info.info ?? "{}") as Partial<T>;
}
