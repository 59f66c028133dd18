/** Makes in a config.json the changes that CDI devices ask for (CDI specification 1.0.0, "Container Edits"). */
import { posix } from "node:path";
import { failedPrecondition } from "../../cri/status-error.ts";
import { devicesAt, rule } from "../spec/devices.ts";
import { addHook } from "../spec/hooks.ts";
import { withMounts } from "../spec/mounts.ts";
import type { Device, Mount, Spec } from "../spec/types.ts";
import type { CdiMount, ContainerEdits, DeviceNode } from "./document.ts";

/** Changes `spec`. FAILED_PRECONDITION for a device node that the host has not. */
export function applyEdits(spec: Spec, edits: ContainerEdits): void {
  const { env = [], deviceNodes = [], mounts = [], hooks = [], additionalGids = [], intelRdt } = edits;
  for (const variable of env) setVariable(spec.process.env, variable);
  for (const node of deviceNodes) addDevice(spec, node);
  if (mounts.length > 0) spec.mounts = withMounts(spec.mounts, mounts.map(ociMount));
  for (const { hookName, ...hook } of hooks) addHook(spec, hookName, hook);
  const { user } = spec.process;
  // Root's group is nobody's to get by a device.
  const gids = additionalGids.filter((gid) => gid !== 0);
  user.additionalGids = [...new Set([...user.additionalGids, ...gids])];
  if (intelRdt) spec.linux.intelRdt = intelRdt;
}

function setVariable(env: string[], variable: string): void {
  const name = variable.slice(0, variable.indexOf("=") + 1);
  const index = env.findIndex((one) => one.startsWith(name));
  if (index < 0) env.push(variable);
  else env[index] = variable;
}

function addDevice({ linux, process }: Spec, node: DeviceNode): void {
  const { fileMode, permissions, uid = process.user.uid, gid = process.user.gid } = node;
  const path = posix.resolve(node.path);
  const device: Device = {
    ...deviceNumbers({ ...node, path }),
    path,
    ...(fileMode !== undefined && { fileMode }),
    // A node is its user's, that it can be opened; root's are as the runtime makes them.
    ...((uid > 0 || node.uid !== undefined) && { uid }),
    ...((gid > 0 || node.gid !== undefined) && { gid }),
  };
  linux.devices = [...(linux.devices ?? []).filter((one) => one.path !== path), device];
  linux.resources.devices = [...(linux.resources.devices ?? []), ...rule(device, permissions || "rwm")];
}

function deviceNumbers({
  path,
  hostPath = path,
  type,
  major = 0,
  minor = 0,
}: DeviceNode): Pick<Device, "type" | "major" | "minor"> {
  if (type && (major !== 0 || type === "p")) return { type, major, minor };
  const found = devicesAt(hostPath, path);
  const [device] = typeof found === "string" ? [] : found;
  const shown = `a CDI device's node ${JSON.stringify(hostPath)}`;
  if (!device || device.path !== path) throw failedPrecondition(`${shown}: no such device on this host`);
  if (type && type !== device.type && !(type === "u" && device.type === "c"))
    throw failedPrecondition(
      `${shown} is of the type ${type} by its specification, and ${device.type} on this host`,
    );
  return { type: type ?? device.type, major: device.major, minor: device.minor };
}

function ociMount({ hostPath, containerPath, options = [], type }: CdiMount): Mount {
  return { destination: containerPath, type: type || "bind", source: hostPath, options };
}
