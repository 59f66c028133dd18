/** A daemon whose runtime, monitor and CNI plugins can be given faults: what pods of the handler "faulty" meet, others not. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PodSandboxConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { changeNetwork } from "../support/conflist.ts";
import { removeAllPods } from "../support/cri.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { LivePod, livePod } from "../support/live-pod.ts";
import { CNI_BIN_DIR } from "../support/network.ts";
import { countWithNothing, podConfigFor } from "../support/pods.ts";
import { countResources, type Resources } from "../support/resources.ts";
import { DaemonBed } from "./daemon-bed.ts";
import { type Fault, type FaultContext, faultSuite, type RunnableSuite } from "./fault.ts";
import { FaultyProgram } from "./faulty-program.ts";

const COMMANDS = ["create", "start", "state", "kill", "delete", "exec", "update", "features"];

/** The programs that can be given faults. */
interface Programs {
  /** The runtime of the handler "faulty"; faults by its commands. */
  runtime: FaultyProgram;
  /** The monitor of the handler "faulty"; its only command is `-c`. */
  monitor: FaultyProgram;
  /** The first plugin of the network, and a last one that nobody else has; faults by CNI_COMMAND. */
  bridge: FaultyProgram;
  late: FaultyProgram;
}

/** The bed of `programsSuite`; disposing of it disposes of the daemon. */
export class ProgramsBed extends DaemonBed implements Programs {
  readonly runtime: FaultyProgram;
  readonly monitor: FaultyProgram;
  readonly bridge: FaultyProgram;
  readonly late: FaultyProgram;
  readonly #folder: string;

  constructor(context: FaultContext, daemon: Daemon, nothing: Resources, folder: string, programs: Programs) {
    super(context, daemon, nothing);
    this.#folder = folder;
    this.runtime = programs.runtime;
    this.monitor = programs.monitor;
    this.bridge = programs.bridge;
    this.late = programs.late;
  }

  /** The configuration of a pod that the faults of plugins meet, by its name. */
  faultyConfig(): Init<PodSandboxConfig> {
    const unique = randomUUID();
    const metadata = { name: `faulty-${unique}`, uid: unique, namespace: "faults", attempt: 0 };
    return podConfigFor(this.daemon, { metadata });
  }

  /** RunPodSandbox with the handler "faulty", for a client of `timeout` ms. */
  async runFaulty(config: Init<PodSandboxConfig>, timeout = 240_000): Promise<LivePod> {
    const request = { config, runtimeHandler: "faulty" };
    const { podSandboxId } = await this.daemon.client.runtime.RunPodSandbox(request, { timeout });
    return new LivePod(this.daemon, podSandboxId, config);
  }

  faultyPod(): Promise<LivePod> {
    return this.runFaulty(this.faultyConfig());
  }

  /** Fails unless another pod runs, works and goes away as if there were no fault. */
  async servesOthers(): Promise<void> {
    const timeout = 20_000;
    await this.daemon.client.runtime.Status({}, { timeout });
    await using pod = await livePod(this.daemon);
    assert.equal(await pod.sh(await pod.run(), "echo served"), "served");
    const { items } = await this.daemon.client.runtime.ListPodSandbox({}, { timeout });
    assert.ok(items.some(({ id }) => id === pod.id));
  }

  /** Fails unless nothing is left and no program waits. */
  override async leftNothing(): Promise<void> {
    await super.leftNothing();
    await eventually(() => assert.deepEqual(this.runtime.stuck, [], "what was to be killed waits on"));
  }

  /** Inflicts a fault; one that is lost leaves nothing to the next. */
  async inflict(fault: Fault<ProgramsBed>): Promise<void> {
    try {
      await fault.inflict(this);
      await this.leftNothing();
    } catch (error) {
      this.#healAll();
      await removeAllPods(this.daemon.client).catch(() => {});
      throw error;
    }
    this.#healAll();
  }

  #healAll(): void {
    for (const program of [this.runtime, this.monitor, this.bridge, this.late]) program.healAll();
    for (const pid of this.runtime.stuck) process.kill(pid, "SIGKILL");
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    for (const pid of this.runtime.stuck) process.kill(pid, "SIGKILL");
    rmSync(this.#folder, { recursive: true });
  }
}

/** A suite whose faults are inflicted on one daemon, which must have nothing left after each. */
export function programsSuite(name: string, faults: readonly Fault<ProgramsBed>[]): RunnableSuite {
  return faultSuite({
    name,
    prepare: programsBed,
    // Done by `inflict`.
    check: async () => {},
    faults: faults.map((fault) => ({ ...fault, inflict: (bed: ProgramsBed) => bed.inflict(fault) })),
  });
}

/** Starts the daemon, with a third plugin in its network. */
async function programsBed(context: FaultContext): Promise<ProgramsBed> {
  const folder = mkdtempSync(join(tmpdir(), "critter-programs-"));
  const words = { words: COMMANDS };
  const variable = { variable: "CNI_COMMAND" };
  const plugin = (name: string, real: string) =>
    new FaultyProgram(join(folder, name), join(CNI_BIN_DIR, real), variable);
  const programs = {
    runtime: new FaultyProgram(join(folder, "runc"), process.env.CRITTER_TEST_RUNTIME || "runc", words),
    monitor: new FaultyProgram(join(folder, "conmon"), "conmon", { words: ["-c"] }),
    bridge: plugin("bridge", "bridge"),
    late: plugin("late", "tuning"),
  };
  const daemon = await startDaemon({
    registry: context.registry.address,
    settings: { "crio.network": { plugin_dirs: [folder, CNI_BIN_DIR] } },
    handlers: {
      faulty: {
        runtime_path: programs.runtime.path,
        monitor_path: programs.monitor.path,
        container_create_timeout: 30,
      },
    },
  });
  try {
    await changeNetwork(daemon, ({ plugins }) => plugins.push({ type: "late" }));
    await countWithNothing(daemon);
    // The folders that the handler has for execs stay as well.
    {
      await using pod = await livePod(daemon, {}, "faulty");
      await pod.sh(await pod.run(), "true");
    }
    return new ProgramsBed(context, daemon, await countResources(daemon), folder, programs);
  } catch (error) {
    await daemon.dispose();
    throw error;
  }
}
