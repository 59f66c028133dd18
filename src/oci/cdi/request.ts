/** The CDI devices of a CreateContainer request: its field, and annotations as device plugins set them. */
import type { ContainerConfig } from "../../cri/messages.ts";
import { invalidArgument } from "../../cri/status-error.ts";
import { parseQualifiedName } from "./names.ts";

export interface RequestedDevice {
  /** In full. */
  name: string;
  /** Where the request has it, for messages. */
  field: string;
}

const prefix = "cdi.k8s.io/";

/** The devices asked for, each once. INVALID_ARGUMENT for an annotation with what is not a device's full name. */
export function requestedCdiDevices({ CDIDevices, annotations }: ContainerConfig): RequestedDevice[] {
  const devices = new Map<string, RequestedDevice>();
  for (const [index, { name }] of CDIDevices.entries()) {
    if (!devices.has(name)) devices.set(name, { name, field: `config.CDI_devices[${index}].name` });
  }
  for (const key in annotations) {
    if (!key.startsWith(prefix)) continue;
    const field = `config.annotations[${JSON.stringify(key)}]`;
    for (const name of annotations[key]?.split(",") ?? []) {
      if (!parseQualifiedName(name))
        throw invalidArgument(field, name, "not of the form VENDOR/CLASS=DEVICE");
      if (!devices.has(name)) devices.set(name, { name, field });
    }
  }
  return [...devices.values()];
}
