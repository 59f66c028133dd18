/** Group `diskIO`: one value a block device that the container has used. */
import { type DeviceIo, readDeviceIo } from "../../cgroups/device-io.ts";
import { counter } from "./metric.ts";
import type { MetricSheet } from "./sheet.ts";
import type { ContainerSource } from "./source.ts";

export const diskIoMetrics = {
  readBytes: counter("container_fs_reads_bytes_total", "Bytes read from a device.", "device"),
  reads: counter("container_fs_reads_total", "Reads from a device.", "device"),
  writtenBytes: counter("container_fs_writes_bytes_total", "Bytes written to a device.", "device"),
  writes: counter("container_fs_writes_total", "Writes to a device.", "device"),
  usage: counter(
    "container_blkio_device_usage_total",
    "Bytes that went between the container and a device.",
    "device",
    "major",
    "minor",
    "operation",
  ),
};

export function addDiskIo(sheet: MetricSheet, { surroundings, path }: ContainerSource): void {
  for (const io of readDeviceIo(surroundings.cgroups, path) ?? []) {
    addDevice(sheet, surroundings.devices.nameOf(io.major, io.minor), io);
  }
}

function addDevice(sheet: MetricSheet, name: string, io: DeviceIo): void {
  sheet.add(diskIoMetrics.readBytes, io.readBytes, name);
  sheet.add(diskIoMetrics.reads, io.reads, name);
  sheet.add(diskIoMetrics.writtenBytes, io.writtenBytes, name);
  sheet.add(diskIoMetrics.writes, io.writes, name);
  const number = [name, String(io.major), String(io.minor)] as const;
  sheet.add(diskIoMetrics.usage, io.readBytes, ...number, "Read");
  sheet.add(diskIoMetrics.usage, io.writtenBytes, ...number, "Write");
  sheet.add(diskIoMetrics.usage, io.discardedBytes, ...number, "Discard");
}
