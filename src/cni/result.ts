/** What ADD returned, in the words of CNI 1.1 whichever version it came in (CNI 1.1, section 5). */
import { isIP } from "node:net";
import { isObject } from "./plugin.ts";

export interface CniInterface {
  name: string;
  mac?: string;
  /** The network namespace's path; absent for an interface of the node. */
  sandbox?: string;
}

export interface CniIp {
  /** With the prefix length: `10.1.0.5/16`. */
  address: string;
  gateway?: string;
  /** An index into `interfaces`. */
  interface?: number;
}

export interface CniRoute {
  dst: string;
  gw?: string;
}

export interface CniDns {
  nameservers?: string[];
  domain?: string;
  search?: string[];
  options?: string[];
}

export interface CniResult {
  cniVersion: string;
  interfaces: CniInterface[];
  ips: CniIp[];
  routes: CniRoute[];
  dns: CniDns;
}

/** Reads a result of any version; throws what is wrong with it. */
export function readResult(raw: Record<string, unknown>): CniResult {
  const ips = objects(raw, "ips").map(readIp);
  return {
    cniVersion: typeof raw.cniVersion === "string" ? raw.cniVersion : "",
    interfaces: objects(raw, "interfaces").map((item) => item as unknown as CniInterface),
    ips: [...ips, ...readFirstVersions(raw)],
    routes: objects(raw, "routes").map((item) => item as unknown as CniRoute),
    dns: isObject(raw.dns) ? raw.dns : {},
  };
}

/**
 * The pod's addresses without prefix lengths, the primary one first: those of the interface `ifName` in the pod,
 * or of whichever is in the pod when none has that name; never the loopback's or those of the node's interfaces.
 */
export function podIps(result: CniResult, ifName: string): string[] {
  const inPod = result.ips.filter((ip) => ownerOf(result, ip)?.sandbox !== "" && !isLoopback(ip.address));
  const named = inPod.filter((ip) => ownerOf(result, ip)?.name === ifName);
  const addresses = (named.length > 0 ? named : inPod).map((ip) => addressOf(ip.address));
  return [...new Set(addresses)];
}

// An address that names no interface is the pod's: nothing else could be meant.
function ownerOf(result: CniResult, ip: CniIp): { name: string; sandbox: string } | undefined {
  const owner = ip.interface === undefined ? undefined : result.interfaces[ip.interface];
  return owner && { name: owner.name, sandbox: owner.sandbox ?? "" };
}

function readIp(item: Record<string, unknown>): CniIp {
  const { address, gateway, interface: index } = item;
  if (typeof address !== "string" || isIP(addressOf(address)) === 0) {
    throw new Error(`ips has the address ${JSON.stringify(address)}`);
  }
  return {
    address,
    ...(typeof gateway === "string" && { gateway }),
    ...(typeof index === "number" && index >= 0 && { interface: index }),
  };
}

// 0.1.0 and 0.2.0 had one address a family: {"ip4": {"ip": "10.1.0.5/16", "gateway": …}, "ip6": …}.
function readFirstVersions(raw: Record<string, unknown>): CniIp[] {
  return [raw.ip4, raw.ip6]
    .filter(isObject)
    .map((family) => readIp({ address: family.ip, gateway: family.gateway }));
}

function objects(raw: Record<string, unknown>, key: string): Record<string, unknown>[] {
  const list = raw[key] ?? [];
  if (!Array.isArray(list) || !list.every(isObject)) throw new Error(`${key} is ${JSON.stringify(list)}`);
  return list;
}

function addressOf(address: string): string {
  return address.split("/")[0] ?? "";
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || addressOf(address) === "::1";
}
