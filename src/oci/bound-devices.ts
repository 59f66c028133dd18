/**
 * Devices of a container in a user namespace, where no node can be made: the runtime binds the host's node of the same path. Under
 * another path that would be another device, or none, so such a device is bound here. */
import { readFileSync, statSync } from "node:fs";
import { failedPrecondition } from "../cri/status-error.ts";
import { deviceNumber } from "../linux/device-number.ts";
import { withMounts } from "./spec/mounts.ts";
import type { Device, Mount, Spec } from "./spec/types.ts";

/** Makes mounts of those devices of `spec` that the host has under another path. FAILED_PRECONDITION for one that it has not in /dev. */
export function bindDevices(spec: Spec): void {
  const { devices = [] } = spec.linux;
  const elsewhere = devices.filter((device) => !isNodeOf(device.path, device));
  if (elsewhere.length === 0) return;
  spec.linux.devices = devices.filter((device) => !elsewhere.includes(device));
  spec.mounts = withMounts(spec.mounts, elsewhere.map(mountOf));
}

function mountOf(device: Device): Mount {
  const options = ["bind", "rprivate", "nosuid", "noexec", "rw"];
  return { destination: device.path, type: "bind", source: hostNode(device), options };
}

/** The node that the kernel itself has made for a device (sysfs, `DEVNAME` of its uevent). */
function hostNode(device: Device): string {
  const { type, major, minor } = device;
  const name = deviceName(`/sys/dev/${type === "b" ? "block" : "char"}/${major}:${minor}/uevent`);
  const path = `/dev/${name}`;
  if (name !== undefined && isNodeOf(path, device)) return path;
  const reason = `it is ${type} ${major}:${minor}, which the host has no node of in /dev to be bound in a user namespace`;
  throw failedPrecondition(`device ${JSON.stringify(device.path)}: ${reason}`);
}

function deviceName(uevent: string): string | undefined {
  try {
    return /^DEVNAME=(.+)$/m.exec(readFileSync(uevent, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

function isNodeOf(path: string, { type, major, minor }: Device): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return false;
  if (type === "p") return stat.isFIFO();
  if (!(type === "b" ? stat.isBlockDevice() : stat.isCharacterDevice())) return false;
  const number = deviceNumber(stat.rdev);
  return number.major === major && number.minor === minor;
}
