/** The runtimes that are measured, each below a folder of its own. */
import { startDaemon } from "../test/support/daemon.ts";
import { processesNaming } from "../test/support/processes.ts";
import { startContainerd } from "./containerd.ts";

/** A runtime under measurement. Of one that was running already, only the socket is known. */
export interface Runtime {
  name: string;
  socket: string;
  cgroupParent: string;
  readonly pid?: number;
  folder?: string;
  /** Ends its daemon with SIGKILL. */
  kill?(): Promise<void>;
  /** Starts the daemon's process again. The promise rejects when that ends. */
  launch?(): Promise<never>;
  stop(): Promise<void>;
}

/** Starts `critter` or `containerd`, or takes `NAME=SOCKET` as it is. `registry` mirrors all registries. */
export async function startRuntime(which: string, registry: string): Promise<Runtime> {
  const [name, socket] = which.split("=") as [string, string | undefined];
  const cgroupParent = `/critter-bench-${process.pid}`;
  if (socket) return { name, socket, cgroupParent, stop: async () => {} };
  if (name === "containerd") {
    const containerd = await startContainerd(registry);
    return Object.assign(containerd, { name, cgroupParent });
  }
  if (name !== "critter") throw new Error(`${which} is no runtime: critter, containerd or NAME=SOCKET`);
  const settings = {
    "crio.runtime": { log_level: "info" },
    "crio.stats": { included_pod_metrics: ["all"] },
  };
  const daemon = await startDaemon({ registry, settings, tmpfs: true });
  return {
    name,
    cgroupParent,
    socket: daemon.socket,
    get pid() {
      return daemon.pid;
    },
    folder: daemon.folder,
    kill: () => daemon.kill(),
    launch: () => daemon.launch(),
    stop: () => daemon.dispose(),
  };
}

/** Pids of the runtime's monitors: conmon, or containerd's shims. */
export function monitorsOf({ folder }: Runtime): number[] {
  if (!folder) return [];
  const monitors = processesNaming(folder).filter(({ program }) => /^(conmon|containerd-shim)/.test(program));
  return monitors.map(({ pid }) => pid);
}
