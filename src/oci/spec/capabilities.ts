/** The capabilities of a container's process. */
import type { Capability } from "../../cri/messages.ts";
import { invalidArgument } from "../../cri/status-error.ts";
import { log } from "../../log.ts";
import { capabilityName } from "./capability-names.ts";
import type { Capabilities } from "./types.ts";

const field = "config.linux.security_context.capabilities";

export interface CapabilitiesInput {
  requested: Capability | null;
  privileged: boolean;
  /** crio.conf's `default_capabilities`, names with or without `CAP_`. */
  defaults: readonly string[];
  /** The daemon's own, names with `CAP_`. */
  available: ReadonlySet<string>;
  /** crio.conf's `add_inheritable_capabilities`: all that are given are inheritable too. */
  inheritable?: boolean;
}

/**
 * Bounding, permitted and effective set alike; a process that is not root's loses the last two at exec.
 * Inheritable is empty (CVE-2022-29162) but for what ambient needs, unless crio.conf asks for it. `ALL` counts first, single names after
 * it, drops last. What the daemon lacks cannot be given: it is left out and logged once. INVALID_ARGUMENT for
 * an unknown name.
 */
export function processCapabilities({
  requested,
  privileged,
  defaults,
  available,
  inheritable = false,
}: CapabilitiesInput): Capabilities {
  const add = requested?.addCapabilities ?? [];
  const drop = requested?.dropCapabilities ?? [];
  const ambient = names(requested?.addAmbientCapabilities ?? [], `${field}.add_ambient_capabilities`);
  const added = [...names(add, `${field}.add_capabilities`), ...ambient];
  const dropped = new Set(names(drop, `${field}.drop_capabilities`));
  if (privileged) return sets([...available], ambient, inheritable);
  const start = add.some(isAll) ? [...available] : names(defaults, "default_capabilities");
  const base = drop.some(isAll) ? [] : start;
  const wanted = [...new Set([...base, ...added])].filter((name) => !dropped.has(name));
  const given = wanted.filter((name) => available.has(name));
  if (given.length < wanted.length) reportLacking(wanted.filter((name) => !available.has(name)));
  return sets(given, ambient, inheritable);
}

/** No capability at all. */
export function noCapabilities(): Capabilities {
  return sets([], []);
}

function sets(given: string[], ambientWanted: string[], inheritable = false): Capabilities {
  const ambient = ambientWanted.filter((name) => given.includes(name));
  return {
    bounding: given,
    effective: given,
    permitted: given,
    inheritable: inheritable ? given : ambient,
    ambient,
  };
}

function isAll(name: string): boolean {
  return name.toUpperCase() === "ALL" || name.toUpperCase() === "CAP_ALL";
}

function names(list: readonly string[], where: string): string[] {
  const single = list.filter((name) => !isAll(name));
  return single.map((name) => {
    const full = capabilityName(name);
    if (full === undefined) throw invalidArgument(where, name, "not a capability");
    return full;
  });
}

const reported = new Set<string>();

function reportLacking(lacking: string[]): void {
  const capabilities = lacking.filter((name) => !reported.has(name));
  if (capabilities.length === 0) return;
  for (const name of capabilities) reported.add(name);
  log.warn("containers ask for capabilities that the daemon itself lacks; they go without", { capabilities });
}
