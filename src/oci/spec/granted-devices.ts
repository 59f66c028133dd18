/** Devices that containers have without config.devices: crio.conf's `additional_devices`, and those of an annotation. */
import { type DeviceEntry, parseDeviceEntry } from "../../config/device-entry.ts";
import { ConfigError } from "../../config/load.ts";
import { failedPrecondition, invalidArgument } from "../../cri/status-error.ts";
import { allowedAnnotation } from "./annotations.ts";
import { type AllowedDevice, devicesAt } from "./devices.ts";

/** Keys of `crio.runtime`. */
export interface DeviceGrants {
  additionalDevices: readonly DeviceEntry[];
  /** Host paths that the annotation may name. */
  allowedDevices: readonly string[];
}

/** CRI-O's name for it today, and the one before. */
const annotationNames = ["devices.crio.io", "io.kubernetes.cri-o.Devices"];

/**
 * The devices that crio.conf gives to every container, and those that the pod's annotation names, where `allowed`, the
 * handler's `allowed_annotations`, has it. INVALID_ARGUMENT for an annotation that names what `allowed_devices` lacks,
 * FAILED_PRECONDITION for a device of crio.conf that is gone.
 */
export function grantedDevices(
  grants: DeviceGrants,
  podAnnotations: Record<string, string>,
  allowed: readonly string[],
): AllowedDevice[] {
  const additional = grants.additionalDevices.flatMap((entry) =>
    devicesOf(entry, (reason) =>
      failedPrecondition(`crio.runtime.additional_devices has ${JSON.stringify(entry.hostPath)}: ${reason}`),
    ),
  );
  const annotation = allowedAnnotation(podAnnotations, annotationNames, allowed);
  if (!annotation) return additional;
  return [...additional, ...annotatedDevices(annotation, grants.allowedDevices)];
}

/** Checks `additional_devices` at start. Throws ConfigError for one that is not a device of this machine. */
export function checkAdditionalDevices(entries: readonly DeviceEntry[]): void {
  for (const entry of entries) {
    devicesOf(entry, (reason) => {
      const path = JSON.stringify(entry.hostPath);
      return new ConfigError(`crio.runtime.additional_devices has ${path}, it must be a device: ${reason}`);
    });
  }
}

function annotatedDevices(
  { name, value }: { name: string; value: string },
  allowedDevices: readonly string[],
): AllowedDevice[] {
  const field = `sandbox_config.annotations[${JSON.stringify(name)}]`;
  const texts = value.split(",").filter(Boolean);
  return texts.flatMap((text) => {
    const entry = parseDeviceEntry(text);
    if (!entry) throw invalidArgument(field, text, "not of the form HOST[:CONTAINER][:PERMISSIONS]");
    if (!allowedDevices.includes(entry.hostPath)) {
      throw invalidArgument(field, text, "crio.conf's allowed_devices does not have it");
    }
    return devicesOf(entry, (reason) => invalidArgument(field, text, reason));
  });
}

function devicesOf(
  { hostPath, containerPath, permissions }: DeviceEntry,
  failure: (reason: string) => Error,
): AllowedDevice[] {
  const devices = devicesAt(hostPath, containerPath);
  if (typeof devices === "string") throw failure(devices);
  return devices.map((device) => ({ device, access: permissions }));
}
