/** What a PodSandboxConfig must be before anything is made for it. */
import { isAbsolute } from "node:path";
import type { PodSandboxConfig } from "../cri/messages.ts";
import { invalidArgument } from "../cri/status-error.ts";
import { namespaceModes, type SandboxConfig } from "./record.ts";
import { validateUserNamespace } from "./user-namespace.ts";

/** The kernel's limit, sethostname(2). */
const hostnameLimit = 64;

/** Throws INVALID_ARGUMENT for a configuration that no pod could be made of. */
export function validatePodSandbox(config: PodSandboxConfig | null): asserts config is SandboxConfig {
  if (!config) throw invalidArgument("config", null, "a pod sandbox needs one");
  const { metadata } = config;
  if (!metadata) throw invalidArgument("config.metadata", null, "a pod sandbox needs it");
  for (const field of ["name", "namespace"] as const) {
    if (metadata[field] === "") throw invalidArgument(`config.metadata.${field}`, "", "it must not be empty");
  }
  validateHostname(config);
  if (config.logDirectory !== "" && !isAbsolute(config.logDirectory)) {
    throw invalidArgument("config.log_directory", config.logDirectory, "it must be an absolute path");
  }
  validatePortMappings(config);
  validateNamespaces(config);
  validateUserNamespace(config);
}

function validateHostname({ hostname }: PodSandboxConfig): void {
  if (hostname.length > hostnameLimit) {
    throw invalidArgument("config.hostname", hostname, `it must have at most ${hostnameLimit} characters`);
  }
  if (/[\s\0/]/.test(hostname)) {
    throw invalidArgument("config.hostname", hostname, "it must not have blanks or slashes");
  }
}

function validatePortMappings({ portMappings }: PodSandboxConfig): void {
  for (const [index, mapping] of portMappings.entries()) {
    for (const field of ["containerPort", "hostPort"] as const) {
      const port = mapping[field];
      if (port >= 0 && port <= 65535) continue;
      const name = field === "hostPort" ? "host_port" : "container_port";
      throw invalidArgument(`config.port_mappings[${index}].${name}`, port, "a port is 0 to 65535");
    }
  }
}

function validateNamespaces(config: PodSandboxConfig): void {
  for (const [name, mode] of Object.entries(namespaceModes(config))) {
    const allowed = name === "pid" ? ["POD", "CONTAINER", "NODE"] : ["POD", "NODE"];
    if (allowed.includes(mode)) continue;
    const field = `config.linux.security_context.namespace_options.${name}`;
    throw invalidArgument(field, mode, `a pod sandbox's must be ${allowed.join(" or ")}`);
  }
}
