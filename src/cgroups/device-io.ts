/** What a cgroup has read from and written to block devices. */
import { readFigure } from "./files.ts";
import type { Cgroups } from "./hierarchy.ts";
import { cgroupFolder } from "./paths.ts";

/** Since the cgroup was made, those of the cgroups below included. */
export interface DeviceIo {
  major: number;
  minor: number;
  readBytes: number;
  writtenBytes: number;
  discardedBytes: number;
  reads: number;
  writes: number;
  discards: number;
}

type Counter = Exclude<keyof DeviceIo, "major" | "minor">;

/** One entry a device that it has used; undefined when the cgroup is gone, or where the kernel does not count. */
export function readDeviceIo(cgroups: Cgroups, path: string): DeviceIo[] | undefined {
  const blkio = cgroupFolder(cgroups, "blkio", path);
  if (blkio !== undefined) return readV1(blkio);
  const folder = cgroupFolder(cgroups, "io", path);
  const stat = folder && readFigure(folder, "io.stat");
  return stat === undefined ? undefined : parseIoStat(stat);
}

const bytesOf: Record<string, Counter> = {
  Read: "readBytes",
  Write: "writtenBytes",
  Discard: "discardedBytes",
};
const countOf: Record<string, Counter> = { Read: "reads", Write: "writes", Discard: "discards" };

/** Lines `MAJOR:MINOR OPERATION NUMBER`, and a total of all devices that has no device. */
function readV1(folder: string): DeviceIo[] | undefined {
  const bytes = readFigure(folder, "blkio.throttle.io_service_bytes_recursive");
  const counts = readFigure(folder, "blkio.throttle.io_serviced_recursive");
  if (bytes === undefined || counts === undefined) return undefined;
  const devices = new Map<string, DeviceIo>();
  for (const [text, counters] of [
    [bytes, bytesOf],
    [counts, countOf],
  ] as const) {
    for (const line of text.split("\n")) {
      const [number, operation = "", value] = line.split(" ");
      const counter = counters[operation];
      if (number !== undefined && counter) deviceOf(devices, number)[counter] = Number(value);
    }
  }
  return [...devices.values()];
}

const keyOf: Record<string, Counter> = {
  rbytes: "readBytes",
  wbytes: "writtenBytes",
  dbytes: "discardedBytes",
  rios: "reads",
  wios: "writes",
  dios: "discards",
};

/** Lines `MAJOR:MINOR rbytes=NUMBER wbytes=NUMBER …`; a device that was not used may have nothing after its number. */
function parseIoStat(text: string): DeviceIo[] {
  const devices = new Map<string, DeviceIo>();
  for (const line of text.split("\n")) {
    const [number = "", ...pairs] = line.split(" ");
    for (const pair of pairs) {
      const [key = "", value] = pair.split("=");
      const counter = keyOf[key];
      if (counter) deviceOf(devices, number)[counter] = Number(value);
    }
  }
  return [...devices.values()];
}

function deviceOf(devices: Map<string, DeviceIo>, number: string): DeviceIo {
  const known = devices.get(number);
  if (known) return known;
  const [major, minor] = number.split(":").map(Number);
  const device = {
    major: major ?? 0,
    minor: minor ?? 0,
    ...{ readBytes: 0, writtenBytes: 0, discardedBytes: 0 },
    ...{ reads: 0, writes: 0, discards: 0 },
  };
  devices.set(number, device);
  return device;
}
