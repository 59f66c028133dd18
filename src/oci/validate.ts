/** What a ContainerConfig must be before anything is made for it. */
import { posix } from "node:path";
import { checkArguments, checkLabels, checkName, checkPath } from "../cri/checked-fields.ts";
import type { ContainerConfig, ContainerMetadata, ImageSpec } from "../cri/messages.ts";
import { invalidArgument } from "../cri/status-error.ts";

/** A configuration that has been validated. */
export type ValidContainerConfig = ContainerConfig & { metadata: ContainerMetadata; image: ImageSpec };

/** The kernel's NGROUPS_MAX. */
const MOST_GROUPS = 65_536;

/** Throws INVALID_ARGUMENT for a configuration that no container could be made of. */
export function validateContainer(config: ContainerConfig | null): asserts config is ValidContainerConfig {
  if (!config) throw invalidArgument("config", null, "a container needs one");
  if (!config.metadata?.name) throw invalidArgument("config.metadata.name", "", "it must not be empty");
  checkName("config.metadata.name", config.metadata.name);
  if (!config.image?.image) throw invalidArgument("config.image.image", "", "a container needs an image");
  checkLabels("config", config);
  checkLogPath(config.logPath);
  checkProcess(config);
  checkPaths(config);
  if (typeof config.stopSignal === "number")
    throw invalidArgument("config.stop_signal", config.stopSignal, "it is unknown");
}

/** The log lies in the pod's log_directory, whatever the path says. */
function checkLogPath(path: string): void {
  const field = "config.log_path";
  checkPath(field, path);
  if (path.split("/").includes(".."))
    throw invalidArgument(field, path, "it must not lead out of the pod's log_directory");
  // conmon takes a log's path to its first colon.
  if (path.includes(":")) throw invalidArgument(field, path, "it must not have a ':'");
  if (path !== "" && (path.endsWith("/") || posix.normalize(path) === "."))
    throw invalidArgument(field, path, "it must be a file's, not a folder's");
}

function checkProcess({ command, args, envs, workingDir, linux }: ContainerConfig): void {
  const bytes = checkArguments("config.args", args, checkArguments("config.command", command));
  const environment = envs.map(({ key, value }) => `${key}=${value.toString("latin1")}`);
  checkArguments("config.envs", environment, bytes);
  checkPath("config.working_dir", workingDir);
  const groups = linux?.securityContext?.supplementalGroups.length ?? 0;
  if (groups > MOST_GROUPS) {
    const field = "config.linux.security_context.supplemental_groups";
    throw invalidArgument(field, `${groups} groups`, `Linux takes at most ${MOST_GROUPS}`);
  }
}

function checkPaths({ mounts, devices, linux }: ContainerConfig): void {
  for (const [index, { containerPath, hostPath, propagation }] of mounts.entries()) {
    const field = `config.mounts[${index}]`;
    checkPath(`${field}.container_path`, containerPath);
    checkPath(`${field}.host_path`, hostPath);
    if (typeof propagation === "number")
      throw invalidArgument(`${field}.propagation`, propagation, "it is unknown");
  }
  for (const [index, { containerPath, hostPath }] of devices.entries()) {
    checkPath(`config.devices[${index}].container_path`, containerPath);
    checkPath(`config.devices[${index}].host_path`, hostPath);
  }
  const { maskedPaths = [], readonlyPaths = [] } = linux?.securityContext ?? {};
  for (const [name, paths] of Object.entries({ masked_paths: maskedPaths, readonly_paths: readonlyPaths })) {
    for (const [index, path] of paths.entries())
      checkPath(`config.linux.security_context.${name}[${index}]`, path);
  }
}
