/** The sign of life that the service manager waits for; it restarts a daemon that gives none. */
import { stat } from "node:fs/promises";
import { log } from "./log.ts";
import type { ServiceManager } from "./service-manager.ts";

/**
 * Gives a sign of life twice in each of the manager's intervals, as long as the daemon can do something for clients: its
 * event loop turns, its thread pool answers, and the socket that they connect to is there. Answers what ends it.
 */
export function giveSignsOfLife(manager: ServiceManager, socket: string): () => void {
  if (manager.watchdogMs === 0) return () => {};
  let isAsking = false;
  const timer = setInterval(async () => {
    if (isAsking) return;
    isAsking = true;
    if (await isReachable(socket)) manager.tell("WATCHDOG=1");
    isAsking = false;
  }, manager.watchdogMs / 2);
  return () => clearInterval(timer);
}

/** Whether a socket is at the path. Waits for a thread of the pool, which a disk that hangs may hold up for ever. */
export async function isReachable(socket: string): Promise<boolean> {
  try {
    if ((await stat(socket)).isSocket()) return true;
    log.error("something else is in the socket's place; no client can connect", { socket });
  } catch (error) {
    log.error("the socket is gone; no client can connect", { socket, error });
  }
  return false;
}
