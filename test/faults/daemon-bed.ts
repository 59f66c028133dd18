/** A daemon for faults, and what it holds of the machine when it has nothing: it must come back to that after each. */
import { type Daemon, type DaemonOptions, startDaemon } from "../support/daemon.ts";
import { assertNothingLeft, countWithNothing } from "../support/pods.ts";
import type { Resources } from "../support/resources.ts";
import { type Fault, type FaultContext, faultSuite, type RunnableSuite } from "./fault.ts";

/** Made by `daemonBed`; disposing of it disposes of the daemon. */
export class DaemonBed implements AsyncDisposable {
  readonly daemon: Daemon;
  readonly context: FaultContext;
  #nothing: Resources;

  constructor(context: FaultContext, daemon: Daemon, nothing: Resources) {
    this.context = context;
    this.daemon = daemon;
    this.#nothing = nothing;
  }

  /** Fails unless there is no pod, no container, and nothing of any; the next fault is not blamed for what is left. */
  async leftNothing(): Promise<void> {
    try {
      await assertNothingLeft(this.daemon, this.#nothing);
    } catch (error) {
      this.#nothing = await countWithNothing(this.daemon).catch(() => this.#nothing);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon.dispose();
  }
}

/** A suite whose faults are inflicted on one daemon, which must have nothing left after each. */
export function daemonSuite(
  name: string,
  faults: readonly Fault<DaemonBed>[],
  options: Omit<DaemonOptions, "registry"> = {},
): RunnableSuite {
  const prepare = (context: FaultContext) => daemonBed(context, options);
  return faultSuite({ name, prepare, check: (bed) => bed.leftNothing(), faults });
}

/** Starts a daemon of its own, with busybox and the pause image. */
export async function daemonBed(
  context: FaultContext,
  options: Omit<DaemonOptions, "registry"> = {},
): Promise<DaemonBed> {
  const daemon = await startDaemon({ registry: context.registry.address, ...options });
  try {
    return new DaemonBed(context, daemon, await countWithNothing(daemon));
  } catch (error) {
    await daemon.dispose();
    throw error;
  }
}
