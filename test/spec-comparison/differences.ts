/** Where two normalised specs differ, by path. */
import { isObject, type Json, type JsonObject } from "./json.ts";

export interface Difference {
  /** `process.env[HOSTNAME]`, `mounts[/dev/shm].options[ro]`: in brackets what was an item of a list. */
  path: string;
  /** What each has there, in a line; absent where it has nothing. */
  containerd?: string;
  critter?: string;
}

/** An item that only one of them has is one difference; of other objects each field is. */
export function differences(
  containerd: Json | undefined,
  critter: Json | undefined,
  path = "",
): Difference[] {
  const whole = path.endsWith("]") && (containerd === undefined || critter === undefined);
  if (!whole && isObject(containerd ?? {}) && isObject(critter ?? {})) {
    const [theirs, ours] = [(containerd ?? {}) as JsonObject, (critter ?? {}) as JsonObject];
    const names = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].sort();
    return names.flatMap((name) => differences(theirs[name], ours[name], within(path, name)));
  }
  const [theirs, ours] = [line(containerd), line(critter)];
  if (theirs === ours) return [];
  return [
    {
      path,
      ...(theirs !== undefined && { containerd: theirs }),
      ...(ours !== undefined && { critter: ours }),
    },
  ];
}

/** Where the parts below are names that items have. */
const ofItems =
  /^(annotations|process\.(env|rlimits|capabilities\.\w+|user\.additionalGids)|mounts(\[.*\]\.options)?|linux\.(namespaces|devices|maskedPaths|readonlyPaths|resources\.(devices|hugepageLimits)|seccomp\.(architectures|syscalls)))$/;

function within(path: string, name: string): string {
  if (path === "") return name;
  return ofItems.test(path) ? `${path}[${name}]` : `${path}.${name}`;
}

function line(value: Json | undefined): string | undefined {
  if (typeof value === "string" || value === undefined) return value;
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, field]) => {
    // The items of a set have no more than their names.
    const text = isObject(field) ? Object.keys(field).sort().join(",") : line(field);
    return `${name}=${text}`;
  });
  return fields.join(" ");
}
