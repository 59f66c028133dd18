/** What has gone through a pod's interfaces. */
import type { NetworkInterfaceUsage, NetworkUsage } from "../cri/messages.ts";
import { readKernelFile } from "../linux/kernel-file.ts";

/** The interface that CNI makes in every pod. */
const defaultName = "eth0";

/** What has gone through one interface since it was made; decimal, for the kernel counts in 64 bits. */
export interface InterfaceCounters {
  name: string;
  received: DirectionCounters;
  transmitted: DirectionCounters;
}

export interface DirectionCounters {
  bytes: string;
  packets: string;
  errors: string;
  dropped: string;
}

/** The interfaces in the network namespace of process `pid`; null when the process is gone. */
export function networkUsage(pid: number, timestamp: string): NetworkUsage | null {
  const interfaces = readInterfaces(pid);
  if (interfaces.length === 0) return null;
  const usages = interfaces.filter(({ name }) => name !== "lo").map(interfaceUsage);
  return {
    timestamp,
    defaultInterface: usages.find(({ name }) => name === defaultName) ?? null,
    interfaces: usages.filter(({ name }) => name !== defaultName),
  };
}

function interfaceUsage({ name, received, transmitted }: InterfaceCounters): NetworkInterfaceUsage {
  return {
    name,
    rxBytes: { value: received.bytes },
    rxErrors: { value: received.errors },
    txBytes: { value: transmitted.bytes },
    txErrors: { value: transmitted.errors },
  };
}

/** All interfaces in the network namespace of process `pid`, `lo` among them; none when the process is gone. */
export function readInterfaces(pid: number): InterfaceCounters[] {
  return parseNetDev(readKernelFile(`/proc/${pid}/net/dev`) ?? "");
}

/** The interfaces of a /proc/PID/net/dev: after two lines of heading, eight counters received, eight transmitted. */
export function parseNetDev(text: string): InterfaceCounters[] {
  const interfaces: InterfaceCounters[] = [];
  for (const line of text.split("\n").slice(2)) {
    const colon = line.lastIndexOf(":");
    if (colon < 0) continue;
    const counters = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/);
    interfaces.push({
      name: line.slice(0, colon).trim(),
      received: direction(counters, 0),
      transmitted: direction(counters, 8),
    });
  }
  return interfaces;
}

function direction(counters: string[], at: number): DirectionCounters {
  const [bytes = "0", packets = "0", errors = "0", dropped = "0"] = counters.slice(at, at + 4);
  return { bytes, packets, errors, dropped };
}
