/** Names of CDI devices: `VENDOR/CLASS=DEVICE` (CDI specification 1.0.0, "Kind" and "CDI Devices"). */

export interface QualifiedName {
  /** `VENDOR/CLASS`. */
  kind: string;
  device: string;
}

const vendor = "[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?";
const kindForm = new RegExp(`^${vendor}/${vendor}$`);
const deviceForm = /^[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?$/;

export function isKind(text: string): boolean {
  return kindForm.test(text);
}

export function isDeviceName(text: string): boolean {
  return deviceForm.test(text);
}

/** The parts of a device's full name; undefined for what is none. */
export function parseQualifiedName(name: string): QualifiedName | undefined {
  const equals = name.indexOf("=");
  const kind = name.slice(0, Math.max(equals, 0));
  const device = name.slice(equals + 1);
  return isKind(kind) && isDeviceName(device) ? { kind, device } : undefined;
}
