/** Group `disk`: what a container has written, and the filesystem that this is in. */
import { gauge } from "./metric.ts";
import type { MetricSheet } from "./sheet.ts";
import type { ContainerSource } from "./source.ts";

export const diskMetrics = {
  inodesFree: gauge("container_fs_inodes_free", "Free inodes of the filesystem.", "device"),
  inodesTotal: gauge("container_fs_inodes_total", "All inodes of the filesystem.", "device"),
  limit: gauge("container_fs_limit_bytes", "Size of the filesystem in bytes.", "device"),
  usage: gauge(
    "container_fs_usage_bytes",
    "What the container has written into its root filesystem, in bytes.",
    "device",
  ),
};

export function addDisk(sheet: MetricSheet, { surroundings, writableLayer }: ContainerSource): void {
  const usedBytes = writableLayer?.usedBytes ?? undefined;
  const { device, inodesFree, inodes, bytes } = surroundings.filesystem.now;
  sheet.add(diskMetrics.inodesFree, inodesFree, device);
  sheet.add(diskMetrics.inodesTotal, inodes, device);
  sheet.add(diskMetrics.limit, bytes, device);
  sheet.add(diskMetrics.usage, usedBytes && Number(usedBytes.value), device);
}
