/** CreateContainer, as far as the pod goes: its state, its namespaces and files, and who asks twice. */
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import type { ContainerConfig } from "../cri/messages.ts";
import { requestDigest } from "../cri/request-digest.ts";
import { failedPrecondition, invalidArgument, StatusError } from "../cri/status-error.ts";
import { tellIncident } from "../observation.ts";
import { admitImages } from "../oci/admit-images.ts";
import { createContainer } from "../oci/create.ts";
import { type ContainerRecord, containerName } from "../oci/record.ts";
import { pinnedNamespaces, type SandboxContext, sandboxFolder } from "./context.ts";
import { sandboxFiles } from "./files.ts";
import { namespaceModes, type PodSandboxRecord } from "./record.ts";
import { podHostname } from "./run.ts";
import { podUserNamespace, validateContainerUserNamespace } from "./user-namespace.ts";

/**
 * Creates a container in a pod that is ready. A second call with the same request waits for the first, or is given the container
 * it made if that is not yet started; the same name with another request is ALREADY_EXISTS. A failure leaves nothing
 * but artifacts that were fetched for it. `signal` ends the fetching.
 */
export async function createPodContainer(
  context: SandboxContext,
  sandbox: PodSandboxRecord,
  config: ContainerConfig,
  signal?: AbortSignal,
): Promise<ContainerRecord> {
  const { namespace } = sandbox.config.metadata;
  const admit = () => admitImages(context.containers, { config, namespace, signal });
  // Not under the pod's lock: a registry that hangs must not keep the pod from being stopped.
  const known = findByName(context, sandbox, config);
  if (known?.phase === "creating") tellIncident("creation.joined", { stage: "container creating" });
  const isNew = sandbox.phase === "ready" && !known;
  const admitted = isNew ? await admit() : undefined;
  return await context.locks.run(sandbox.id, async () => {
    if (sandbox.phase !== "ready") throw failedPrecondition(`pod sandbox ${sandbox.id} is not ready`);
    validateContainerUserNamespace(config, sandbox.config);
    const digest = requestDigest(config);
    const present = findByName(context, sandbox, config);
    if (present?.requestDigest === digest && present.phase === "created") return present;
    if (present) {
      throw new StatusError(
        status.ALREADY_EXISTS,
        `config.metadata names container ${config.metadata?.name}, attempt ${config.metadata?.attempt}: ${present.id} has that name`,
      );
    }
    return createContainer(context.containers, {
      config,
      images: admitted ?? (await admit()),
      requestDigest: digest,
      sandboxConfig: sandbox.config,
      runtimeHandler: sandbox.runtimeHandler,
      sandbox: {
        id: sandbox.id,
        hostname: podHostname(sandbox),
        pausePid: sandbox.process?.pid,
        selinux: sandbox.selinux,
        pinned: pinnedNamespaces(context, sandbox),
        userNamespace: podUserNamespace(context, sandbox),
        files: sandboxFiles(
          sandboxFolder(context, sandbox.id),
          namespaceModes(sandbox.config).ipc === "NODE",
        ),
      },
      logPath: logPath(sandbox, config),
      targetPid: targetPid(context, sandbox, config),
    });
  });
}

function findByName(
  { containers }: SandboxContext,
  sandbox: PodSandboxRecord,
  { metadata }: ContainerConfig,
): ContainerRecord | undefined {
  if (!metadata) return undefined;
  const name = containerName(sandbox.id, metadata);
  return containers.store.first((one) => containerName(one.podSandboxId, one.config.metadata) === name);
}

function logPath({ config }: PodSandboxRecord, container: ContainerConfig): string {
  if (config.logDirectory === "" || container.logPath === "") return "";
  return join(config.logDirectory, container.logPath);
}

/** The first process of the container whose PID namespace is asked for; it must run, and in this pod. */
function targetPid(
  { containers }: SandboxContext,
  sandbox: PodSandboxRecord,
  config: ContainerConfig,
): number | undefined {
  const options = config.linux?.securityContext?.namespaceOptions;
  if (options?.pid !== "TARGET") return undefined;
  const target = containers.store.find(options.targetId);
  if (target?.podSandboxId === sandbox.id && target.phase === "running" && target.process)
    return target.process.pid;
  const field = "config.linux.security_context.namespace_options.target_id";
  throw invalidArgument(field, options.targetId, "it must be a running container of the same pod");
}
