/** A device as crio.conf(5) and annotations name it: `HOST[:CONTAINER][:PERMISSIONS]`. */

export interface DeviceEntry {
  hostPath: string;
  /** Below /dev. */
  containerPath: string;
  /** Of `r`, `w` and `m`. */
  permissions: string;
}

/**
 * The device that `entry` names: under its own path where it has no second one, with `rwm` where it has no permissions.
 * Undefined for what is not of that form.
 */
export function parseDeviceEntry(entry: string): DeviceEntry | undefined {
  const [hostPath = "", ...rest] = entry.split(":");
  const permissions = rest.length > 0 && isPermissions(rest.at(-1)!) ? rest.pop()! : "rwm";
  const [containerPath = "", ...excess] = rest;
  const inside = containerPath || hostPath;
  const right = excess.length === 0 && hostPath.startsWith("/") && inside.startsWith("/dev/");
  return right ? { hostPath, containerPath: inside, permissions } : undefined;
}

/** Whether `text` is made of r, w and m, none of them twice. */
export function isPermissions(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}
