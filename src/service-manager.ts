/** The service manager that started the daemon, where one did and asked to be told (systemd: Type=notify). */
import { notifyService } from "./linux/service-notification.ts";
import { log } from "./log.ts";

/**
 * Answers what tells it a state: `READY=1`, `STOPPING=1`. Its socket leaves the environment: runtimes pass it on to
 * containers.
 */
export function serviceManager(environment = process.env): (state: string) => void {
  const socket = environment.NOTIFY_SOCKET;
  delete environment.NOTIFY_SOCKET;
  return (state) => {
    try {
      notifyService(socket, state);
    } catch (error) {
      log.warn("the service manager cannot be told", { state, error });
    }
  };
}
