/** The SELinux labels of pods and containers: of the policy's kind for containers, each pod with a level of its own. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SELinuxOption } from "../../cri/messages.ts";
import { invalidArgument } from "../../cri/status-error.ts";
import { log } from "../../log.ts";
import { formatLabel, freshLevel, isLevel, type Label, parseLabel } from "./label.ts";

/** Keys of `crio.runtime`. */
export interface SelinuxSettings {
  selinux: boolean;
  hostnetworkDisableSelinux: boolean;
}

/** What a pod or container is labelled with. */
export interface SelinuxLabels {
  /** Of its processes; empty where the policy shall decide, for what is privileged. */
  process: string;
  /** Of its files. */
  mount: string;
}

/** What both security contexts have of SELinux; the message itself will do. */
export interface RequestedSelinux {
  selinuxOptions: SELinuxOption | null;
  privileged: boolean;
}

interface Defaults {
  process: Label;
  mount: Label;
  readOnly: Label;
}

/** Where the kernel and the policy are. */
export interface SelinuxPlaces {
  filesystem: string;
  policies: string;
}

const machine: SelinuxPlaces = { filesystem: "/sys/fs/selinux", policies: "/etc/selinux" };
const field = "config.linux.security_context.selinux_options";

export class Selinux {
  readonly #settings: SelinuxSettings;
  readonly #defaults: Defaults | undefined;

  /** Labels nothing unless crio.conf says so and the kernel has SELinux. Throws an Error for a policy without container labels. */
  constructor(settings: SelinuxSettings, { filesystem, policies }: SelinuxPlaces = machine) {
    this.#settings = settings;
    if (!settings.selinux) return;
    if (existsSync(join(filesystem, "enforce"))) this.#defaults = containerDefaults(policies);
    else log.warn("crio.runtime.selinux is true, but the kernel has no SELinux: nothing is labelled");
  }

  /** Of files that all containers may read, such as the layers of images; undefined where nothing is labelled. */
  get readOnlyLabel(): string | undefined {
    return this.#defaults && formatLabel(this.#defaults.readOnly);
  }

  /**
   * A pod's labels; with a level that none of `taken`, the file labels of other pods, has, unless it asks for one.
   * INVALID_ARGUMENT for options that are no part of a label.
   */
  podLabels(
    requested: Pick<RequestedSelinux, "selinuxOptions"> | null,
    hostNetwork: boolean,
    taken: Iterable<string>,
  ): SelinuxLabels | undefined {
    if (!this.#defaults) return undefined;
    const level = requested?.selinuxOptions?.level || freshLevel(new Set([...taken].map(levelOf)));
    const options = { ...noOptions, ...requested?.selinuxOptions, level };
    // That the pod may have privileged containers says nothing of the others.
    return labels(this.#defaults, options, !hostNetwork || !this.#settings.hostnetworkDisableSelinux);
  }

  /** A container's labels: its pod's, where it asks for no others, with its pod's level unless it asks for another. */
  containerLabels(
    requested: RequestedSelinux | null,
    pod: SelinuxLabels | undefined,
  ): SelinuxLabels | undefined {
    if (!this.#defaults || !pod) return undefined;
    const options = requested?.selinuxOptions;
    const asks = options && Object.values(options).some((value) => value !== "");
    const confined = !requested?.privileged && pod.process !== "";
    if (!asks) return { process: confined ? pod.process : "", mount: pod.mount };
    const level = options.level || levelOf(pod.mount);
    return labels(this.#defaults, { ...options, level }, !requested.privileged);
  }
}

const noOptions: SELinuxOption = { user: "", role: "", type: "", level: "" };

function labels(defaults: Defaults, options: SELinuxOption, confined: boolean): SelinuxLabels {
  check(options);
  const { user, role, type, level } = options;
  const { process, mount } = defaults;
  const owner = { ...(user && { user }), level };
  const own = { ...process, ...owner, ...(role && { role }), ...(type && { type }) };
  return { process: confined ? formatLabel(own) : "", mount: formatLabel({ ...mount, ...owner }) };
}

function check({ level, ...names }: SELinuxOption): void {
  for (const [name, value] of Object.entries(names)) {
    if (!/^[\w.-]*$/.test(value))
      throw invalidArgument(`${field}.${name}`, value, "not a name of the policy");
  }
  if (!isLevel(level))
    throw invalidArgument(`${field}.level`, level, 'a level such as "s0:c1,c2" is required');
}

function levelOf(label: string): string {
  return parseLabel(label).level;
}

/** What the policy says of containers, in the file that libselinux's users know as lxc_contexts. */
function containerDefaults(policies: string): Defaults {
  const type = /^SELINUXTYPE=(\S+)$/m.exec(readFileSync(join(policies, "config"), "utf8"))?.[1] ?? "targeted";
  const file = join(policies, type, "contexts/lxc_contexts");
  const text = readFileSync(file, "utf8");
  const label = (name: string): Label => {
    const value = new RegExp(`^${name}\\s*=\\s*"([^"]+)"`, "m").exec(text)?.[1];
    if (value === undefined) throw new Error(`${file} has no ${name}`);
    return parseLabel(value);
  };
  return { process: label("process"), mount: label("file"), readOnly: label("ro_file") };
}
