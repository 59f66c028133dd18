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
import { removeContainer } from "../oci/remove.ts";
import { pinnedNamespaces, type SandboxContext, sandboxFolder } from "./context.ts";
import { sandboxFiles } from "./files.ts";
import { namespaceModes, type PodSandboxRecord } from "./record.ts";
import { podHostname } from "./run.ts";
import { podUserNamespace, validateContainerUserNamespace } from "./user-namespace.ts";

/**
 * Creates a container in a pod that is ready. A second call with the same request waits for the first, or is given the container
 * it made if that is not yet started; the same name with another request is ALREADY_EXISTS. A failure leaves nothing
 * but artifacts that were fetched for it. `signal` ends the fetching; a stop of the pod ends all of it, ABORTED.
 */
export function createPodContainer(
  context: SandboxContext,
  sandbox: PodSandboxRecord,
  config: ContainerConfig,
  signal: AbortSignal,
): Promise<ContainerRecord> {
  const digest = requestDigest(config);
  const name = containerName(sandbox.id, config.metadata ?? { name: "", attempt: 0 });
  const key = `${name} ${digest}`;
  if (context.creating.has(key)) tellIncident("creation.joined", { stage: "container creating" });
  return context.creating.run(key, () =>
    context.making.run(sandbox.id, (stopped) => {
      const signals = { stopped, fetching: AbortSignal.any([stopped, signal]) };
      return create(context, sandbox, config, digest, signals);
    }),
  );
}

interface Signals {
  /** Of the pod. */
  stopped: AbortSignal;
  /** Ends what waits for a registry only. */
  fetching: AbortSignal;
}

async function create(
  context: SandboxContext,
  sandbox: PodSandboxRecord,
  config: ContainerConfig,
  digest: string,
  { stopped, fetching }: Signals,
): Promise<ContainerRecord> {
  const { namespace } = sandbox.config.metadata;
  const admit = () => admitImages(context.containers, { config, namespace, signal: fetching });
  // Not under the pod's lock: a registry that hangs must not keep the pod from being stopped.
  const isNew = sandbox.phase === "ready" && !findByName(context, sandbox, config);
  const admitted = isNew ? await admit() : undefined;
  return await context.locks.run(sandbox.id, async () => {
    if (sandbox.phase !== "ready") throw failedPrecondition(`pod sandbox ${sandbox.id} is not ready`);
    stopped.throwIfAborted();
    validateContainerUserNamespace(config, sandbox.config);
    const present = await presentContainer(context, sandbox, config);
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
      signal: stopped,
    });
  });
}

/** Who has the container's name: not one whose making, or removal, failed half way. That is taken away first. */
async function presentContainer(
  context: SandboxContext,
  sandbox: PodSandboxRecord,
  config: ContainerConfig,
): Promise<ContainerRecord | undefined> {
  const present = findByName(context, sandbox, config);
  if (present?.phase !== "creating" && present?.phase !== "removing") return present;
  await removeContainer(context.containers, present);
  return undefined;
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
