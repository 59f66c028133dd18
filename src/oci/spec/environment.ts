/** A container's environment: the request's over the image's over the defaults. */
import type { KeyValue } from "../../cri/messages.ts";
import { invalidArgument } from "../../cri/status-error.ts";

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface EnvironmentInput {
  /** `NAME=VALUE`, crio.conf's `default_env`. */
  defaults: readonly string[];
  /** `NAME=VALUE`, the image's. */
  image: readonly string[];
  /** The request's `envs`. */
  requested: readonly KeyValue[];
  hostname: string;
  tty: boolean;
}

/** `NAME=VALUE` strings, each name once. INVALID_ARGUMENT for a name or value that no environment can hold. */
export function processEnv({ defaults, image, requested, hostname, tty }: EnvironmentInput): string[] {
  const env = new Map<string, string>([["PATH", path]]);
  if (hostname) env.set("HOSTNAME", hostname);
  if (tty) env.set("TERM", "xterm");
  for (const entry of [...defaults, ...image]) {
    const [name, value] = split(entry);
    if (name) env.set(name, value);
  }
  for (const [index, { key, value }] of requested.entries()) {
    if (key === "" || /[=\0]/.test(key)) {
      throw invalidArgument(`config.envs[${index}].key`, key, "not the name of an environment variable");
    }
    if (value.includes(0))
      throw invalidArgument(`config.envs[${index}].value`, key, "its value holds a NUL byte");
    env.set(key, value.toString("utf8"));
  }
  return [...env].map(([name, value]) => `${name}=${value}`);
}

function split(entry: string): [name: string, value: string] {
  const at = entry.indexOf("=");
  return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
}
