/** The service manager that started the daemon, where one did and asked to be told (systemd: Type=notify, WatchdogSec=). */
import { notifyService } from "./linux/service-notification.ts";
import { log } from "./log.ts";

export interface ServiceManager {
  /** Tells it a state: `READY=1`, `STOPPING=1`, `WATCHDOG=1`. Where it cannot be told, the log says so. */
  tell(state: string): void;
  /** Milliseconds without `WATCHDOG=1` after which it takes the daemon for dead; 0 where it keeps no watch. */
  watchdogMs: number;
}

/** What it wants to be told leaves the environment: runtimes pass that on to containers. */
export function serviceManager(environment = process.env): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: interval, WATCHDOG_PID: watched } = environment;
  for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete environment[name];
  const isWatched = watched === undefined || Number(watched) === process.pid;
  return {
    watchdogMs: socket && interval && isWatched ? Number(interval) / 1000 : 0,
    tell(state) {
      try {
        notifyService(socket, state);
      } catch (error) {
        log.warn("the service manager cannot be told", { state, error });
      }
    },
  };
}
