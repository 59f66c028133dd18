/** What a PodSandboxConfig must be before anything is made for it. */
import { isIP } from "node:net";
import { isAbsolute } from "node:path";
import { checkLabels, checkName, checkPath } from "../cri/checked-fields.ts";
import type { DNSConfig, PodSandboxConfig } from "../cri/messages.ts";
import { invalidArgument } from "../cri/status-error.ts";
import { namespaceModes, type SandboxConfig } from "./record.ts";
import { validateUserNamespace } from "./user-namespace.ts";

/** The kernel's limit, sethostname(2). */
const hostnameLimit = 64;
/** Of a name in DNS. */
const domainLimit = 255;

/** Throws INVALID_ARGUMENT for a configuration that no pod could be made of. */
export function validatePodSandbox(config: PodSandboxConfig | null): asserts config is SandboxConfig {
  if (!config) throw invalidArgument("config", null, "a pod sandbox needs one");
  const { metadata } = config;
  if (!metadata) throw invalidArgument("config.metadata", null, "a pod sandbox needs it");
  for (const field of ["name", "namespace"] as const) {
    if (metadata[field] === "") throw invalidArgument(`config.metadata.${field}`, "", "it must not be empty");
  }
  for (const field of ["name", "namespace", "uid"] as const)
    checkName(`config.metadata.${field}`, metadata[field]);
  checkLabels("config", config);
  validateHostname(config);
  validateLogDirectory(config.logDirectory);
  validateDns(config.dnsConfig);
  validatePortMappings(config);
  validateNamespaces(config);
  validateUserNamespace(config);
}

function validateHostname({ hostname }: PodSandboxConfig): void {
  if (hostname.length > hostnameLimit) {
    throw invalidArgument("config.hostname", hostname, `it must have at most ${hostnameLimit} characters`);
  }
  // It stands in /etc/hosts, where a blank ends a name and a # the line.
  if (!/^[\w.-]*$/.test(hostname)) {
    throw invalidArgument("config.hostname", hostname, "it must be of letters, digits, '.', '-' and '_'");
  }
}

function validateLogDirectory(path: string): void {
  const field = "config.log_directory";
  checkPath(field, path);
  if (path !== "" && !isAbsolute(path)) throw invalidArgument(field, path, "it must be an absolute path");
  // conmon takes a log's path to its first colon.
  if (path.includes(":")) throw invalidArgument(field, path, "it must not have a ':'");
}

/** Each is one word of a line in resolv.conf(5), which must not become another line, or another word. */
function validateDns(dns: DNSConfig | null): void {
  const { servers = [], searches = [], options = [] } = dns ?? {};
  for (const [index, server] of servers.entries()) {
    if (isIP(server) === 0)
      throw invalidArgument(`config.dns_config.servers[${index}]`, server, "it must be an IP address");
  }
  for (const [name, words] of Object.entries({ searches, options })) {
    for (const [index, word] of words.entries()) {
      const field = `config.dns_config.${name}[${index}]`;
      if (word.length > domainLimit)
        throw invalidArgument(field, word, `it must have at most ${domainLimit} characters`);
      if (word === "" || /[\p{C}\p{Z}#;]/u.test(word))
        throw invalidArgument(field, word, "it must be one word, without control characters, '#' and ';'");
    }
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
    const { hostIp, protocol } = mapping;
    if (hostIp !== "" && isIP(hostIp) === 0)
      throw invalidArgument(`config.port_mappings[${index}].host_ip`, hostIp, "it must be an IP address");
    if (typeof protocol === "number")
      throw invalidArgument(`config.port_mappings[${index}].protocol`, protocol, "it is unknown");
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
