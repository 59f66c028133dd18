/** The devices of a container: nodes in its /dev, and what its device cgroup allows. */
import { readdirSync, type Stats, statSync } from "node:fs";
import { join, posix } from "node:path";
import { isPermissions } from "../../config/device-entry.ts";
import type { Device as DeviceRequest } from "../../cri/messages.ts";
import { invalidArgument, messageOf } from "../../cri/status-error.ts";
import { deviceNumber } from "../../linux/device-number.ts";
import type { Device, DeviceRule } from "./types.ts";

/** Device nodes and the cgroup's rules for them. */
export interface ContainerDevices {
  devices: Device[];
  rules: DeviceRule[];
}

const char = (major: number, minor: number | undefined): DeviceRule => ({
  allow: true,
  type: "c",
  major,
  ...(minor !== undefined && { minor }),
  access: "rwm",
});

/**
 * Nothing, but for making nodes and the devices every container has: null, zero, full, random, urandom, tty,
 * console, ptmx, pts.
 */
const usualRules: readonly DeviceRule[] = [
  { allow: false, access: "rwm" },
  { allow: true, type: "c", access: "m" },
  { allow: true, type: "b", access: "m" },
  char(1, 3),
  char(1, 5),
  char(1, 7),
  char(1, 8),
  char(1, 9),
  char(5, 0),
  char(5, 1),
  char(5, 2),
  char(136, undefined),
];

/** A device node, and what may be done with it: some of `r`, `w` and `m`. */
export interface AllowedDevice {
  device: Device;
  access: string;
}

/** Who owns the nodes of requested devices; what is absent is as on the host. */
export type DeviceOwner = Partial<Pick<Device, "uid" | "gid">>;

/**
 * The devices of an ordinary container: those `granted` without its asking, and those requested, a folder standing for
 * all in it. Of two with one path the later counts, requested ones last. INVALID_ARGUMENT for what is not a device.
 */
export function containerDevices(
  requested: readonly DeviceRequest[],
  granted: readonly AllowedDevice[] = [],
  owner: DeviceOwner = {},
): ContainerDevices {
  const asked = requested.flatMap((device, index) => requestedDevices(device, `config.devices[${index}]`));
  const owned = asked.map(({ device, access }) => ({ device: { ...device, ...owner }, access }));
  const all = [...granted, ...owned];
  return {
    devices: [...new Map(all.map(({ device }) => [device.path, device])).values()],
    rules: [...usualRules, ...all.flatMap(({ device, access }) => rule(device, access))],
  };
}

/** All of the host's, all that is granted and all that is requested, for a privileged container. */
export function privilegedDevices(...input: Parameters<typeof containerDevices>): ContainerDevices {
  const { devices: asked } = containerDevices(...input);
  const taken = new Set(asked.map(({ path }) => path));
  const host = devicesIn("/dev", "/dev").filter(({ path }) => !taken.has(path));
  return { devices: [...host, ...asked], rules: [{ allow: true, type: "a", access: "rwm" }] };
}

function requestedDevices(request: DeviceRequest, field: string): AllowedDevice[] {
  const { hostPath, permissions } = request;
  const containerPath = request.containerPath || hostPath;
  if (!posix.isAbsolute(hostPath))
    throw invalidArgument(`${field}.host_path`, hostPath, "it must be an absolute path");
  if (!posix.isAbsolute(containerPath)) {
    throw invalidArgument(`${field}.container_path`, containerPath, "it must be an absolute path");
  }
  const access = permissions || "rwm";
  if (!isPermissions(access)) {
    throw invalidArgument(`${field}.permissions`, permissions, "it may hold r, w and m only, each once");
  }
  const devices = devicesAt(hostPath, containerPath);
  if (typeof devices === "string") throw invalidArgument(`${field}.host_path`, hostPath, devices);
  return devices.map((device) => ({ device, access }));
}

/** The device at `hostPath`, links followed, or all devices in the folder there; or else why there is none. */
export function devicesAt(hostPath: string, containerPath: string): Device[] | string {
  const stat = statSync(hostPath, { throwIfNoEntry: false });
  if (!stat) return "no such device on this host";
  if (!stat.isDirectory()) {
    const device = deviceOf(stat, posix.resolve(containerPath));
    return device ? [device] : "not a device, and no folder of any";
  }
  const budget = { files: MOST_FILES };
  try {
    const devices = devicesIn(hostPath, containerPath, budget);
    if (budget.files < 0) return `a folder of more than ${MOST_FILES} files`;
    return devices.length > 0 ? devices : "not a device, and no folder of any";
  } catch (error) {
    // Of what is no folder of devices, such as /proc, not everything may be read.
    return messageOf(error);
  }
}

/** What the runtime mounts itself, or what is not there for containers. */
const skipped = new Set([
  "/dev/pts",
  "/dev/shm",
  "/dev/mqueue",
  "/dev/fd",
  "/dev/console",
  "/dev/.udev",
  "/dev/.lxc",
]);

/** Most that is looked at in a folder of devices: "/" would take all other requests' time for minutes. */
const MOST_FILES = 2000;

/**
 * The device nodes in a folder and below it; links are left out, for what they lead to is found itself. As many files are looked at
 * as `budget` has, which is below 0 after more.
 */
function devicesIn(
  folder: string,
  containerPath: string,
  budget = { files: Number.POSITIVE_INFINITY },
): Device[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (--budget.files < 0) return [];
    const path = join(folder, entry.name);
    const inside = posix.resolve(containerPath, entry.name);
    if (skipped.has(path)) return [];
    if (entry.isDirectory()) return devicesIn(path, inside, budget);
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) return [];
    const stat = statSync(path, { throwIfNoEntry: false });
    return (stat && deviceOf(stat, inside)) ?? [];
  });
}

function deviceOf(stat: Stats, path: string): Device | undefined {
  const type = stat.isCharacterDevice() ? "c" : stat.isBlockDevice() ? "b" : stat.isFIFO() ? "p" : undefined;
  if (type === undefined) return undefined;
  const { major, minor } = type === "p" ? { major: 0, minor: 0 } : deviceNumber(stat.rdev);
  return { type, path, major, minor, fileMode: stat.mode & 0o777, uid: stat.uid, gid: stat.gid };
}

/** What allows `access` to a device; a pipe is not the device cgroup's affair. */
export function rule({ type, major, minor }: Device, access: string): DeviceRule[] {
  return type === "p" ? [] : [{ allow: true, type: type === "b" ? "b" : "c", major, minor, access }];
}
