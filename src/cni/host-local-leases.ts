/** Leases of the IPAM plugin host-local whose owner a power cut has taken: nobody gives them back, and their addresses are lost. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { messageOf } from "../cri/status-error.ts";
import { withLock } from "../linux/lock-file.ts";
import { log } from "../log.ts";
import type { NetworkConfig } from "./network-config.ts";
import { isObject } from "./plugin.ts";

/** Where the plugin keeps its files unless it is told. */
const DATA_DIR = "/var/lib/cni/networks";
/** A lease says who has the address: an ID, and on the next line the interface. */
const owned = /^[\x21-\x7e]+(\r?\n|$)/;

/** What is looked at of a network's configuration. */
type Network = Pick<NetworkConfig, "name" | "plugins">;

/**
 * Removes the leases of networks that name nobody, and logs their addresses. The plugin writes a lease in two steps and
 * flushes neither, so that one of the last half minute may come back empty. The plugin's own lock is held meanwhile;
 * while the plugin has it, nothing is done.
 */
export function returnUnownedLeases(networks: readonly Network[]): void {
  for (const folder of new Set(networks.flatMap(foldersOf))) {
    if (unownedLeases(folder).length === 0) continue;
    try {
      withLock(join(folder, "lock"), () => {
        const addresses = unownedLeases(folder);
        for (const address of addresses) rmSync(join(folder, address));
        log.warn("gave addresses back that were nobody's", { folder, addresses });
      });
    } catch (error) {
      log.warn("addresses that are nobody's remain", { folder, error: messageOf(error) });
    }
  }
}

/** Also where no plugin says that it uses host-local: some have others do it. */
function foldersOf({ name, plugins }: Network): string[] {
  const dataDirs = plugins.flatMap(({ ipam }) => {
    const isOurs = isObject(ipam) && ipam.type === "host-local" && typeof ipam.dataDir === "string";
    return isOurs && ipam.dataDir !== "" ? [String(ipam.dataDir)] : [];
  });
  return [DATA_DIR, ...dataDirs].map((dataDir) => join(dataDir, name));
}

function unownedLeases(folder: string): string[] {
  return namesIn(folder).filter((name) => isLease(name) && !owned.test(contentOf(join(folder, name))));
}

/** Files are named by their addresses. */
function isLease(name: string): boolean {
  return isIP(name) !== 0;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** One that goes in the meantime is somebody's. */
function contentOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "gone";
  }
}
