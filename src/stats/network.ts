/** What has gone through a pod's interfaces. */
import { readFileSync } from "node:fs";
import type { NetworkInterfaceUsage, NetworkUsage } from "../cri/messages.ts";

/** The interface that CNI makes in every pod. */
const defaultName = "eth0";

/** The interfaces in the network namespace of process `pid`; null when the process is gone. */
export function networkUsage(pid: number, timestamp: string): NetworkUsage | null {
  const interfaces = parseNetDev(readNetDev(pid));
  if (interfaces.length === 0) return null;
  return {
    timestamp,
    defaultInterface: interfaces.find(({ name }) => name === defaultName) ?? null,
    interfaces: interfaces.filter(({ name }) => name !== defaultName && name !== "lo"),
  };
}

/** The interfaces of a /proc/PID/net/dev: after two lines of heading, eight counters received, eight transmitted. */
export function parseNetDev(text: string): NetworkInterfaceUsage[] {
  const interfaces: NetworkInterfaceUsage[] = [];
  for (const line of text.split("\n").slice(2)) {
    const colon = line.lastIndexOf(":");
    if (colon < 0) continue;
    const counters = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/);
    const value = (at: number) => ({ value: counters[at] ?? "0" });
    interfaces.push({
      name: line.slice(0, colon).trim(),
      rxBytes: value(0),
      rxErrors: value(2),
      txBytes: value(8),
      txErrors: value(10),
    });
  }
  return interfaces;
}

function readNetDev(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/net/dev`, "latin1");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH" || code === "EINVAL") return "";
    throw error;
  }
}
