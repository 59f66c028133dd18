/** The groups of the benchmark: each measures one runtime once and adds to what is known of it. */

import { MANY, MANY_NAME } from "../test/images/sized.ts";
import { listedAgain } from "../test/support/listed-again.ts";
import type { Measurements } from "./figures.ts";
import { type Durations, runClient } from "./go-client.ts";
import { MeasuredKubelets, missingForKubelets } from "./kubelet.ts";
import { growthDuring, type Memory, memoryOf, memoryOfTree } from "./memory.ts";
import { monitorsOf, type Runtime } from "./runtimes.ts";
import { median } from "./statistics.ts";
import { measureStreams } from "./streams.ts";

/** What a group needs to measure a runtime. */
export interface Subject {
  /** How `startRuntime` is asked for the runtime. */
  which: string;
  runtime: Runtime;
  measured: Measurements;
  /** Path of the Go client. */
  client: string;
}

export interface Group {
  name: string;
  /** A program that it cannot do without and that is not there. */
  missing?(): string | undefined;
  /** Whether it needs runtimes that have done nothing yet. */
  fresh?: boolean;
  /** Rounds for `runs` runs of each operation. */
  rounds(runs: number): number;
  /** Measures one round; `runs` is the share of it in all the runs. */
  measure(subject: Subject, runs: number): Promise<void>;
  /** Puts away what the rounds have kept. */
  end?(): Promise<void>;
}

/** Runs in a round: few, so that noise of the machine hits all runtimes alike. */
const RUNS_A_ROUND = 5;

/** The sized images are pulled this often. */
const SIZED_PULLS = 3;

/** ExecSync is called this often, in so many rounds. */
const EXECS = 200;
const EXEC_ROUNDS = 4;

/** A gibibyte is sent this often in each direction. */
const STREAM_ROUNDS = 3;

/** Statistics of all containers are listed this often. */
const STATS_LISTS = 100;

/** So many pods are given to a kubelet at once. */
const PODS_AT_ONCE = 30;

/** So many pods of two containers run when a daemon is killed and started again, and it is so often. */
const RESTART_PODS = 110;
const RESTARTS = 5;

/** Pulled while other requests are made; of 1 GiB. */
const GIBIBYTE_IMAGE = "docker.io/critter-bench/gibibyte:1";

/** The Go client puts a number in the place of %d. */
const MANY_IMAGE = `${MANY_NAME}:%d`;

const SIZED = ["small-files", "large-layers", "many-layers"];

function simple(name: string): Group {
  return {
    name,
    rounds: (runs) => Math.ceil(runs / RUNS_A_ROUND),
    measure: async (subject, runs) => add(subject, await run(subject, name, "-runs", String(runs))),
  };
}

const pulls: Group = {
  name: "pulls",
  rounds: (runs) => Math.min(runs, SIZED_PULLS),
  async measure(subject) {
    for (const name of SIZED) {
      const image = `docker.io/critter-bench/${name}:1`;
      const { PullImage = [] } = await run(subject, "images", "-runs", "1", "-image", image);
      add(subject, { [`pull ${name}`]: PullImage });
    }
  },
};

const busyPull: Group = {
  name: "busypull",
  rounds: (runs) => Math.min(runs, SIZED_PULLS),
  async measure(subject) {
    const { pid } = subject.runtime;
    const pull = async () => {
      const durations = await run(subject, "busypull", "-runs", "1", "-image", GIBIBYTE_IMAGE);
      add(subject, { "pull gibibyte": durations.PullImage ?? [] });
      add(subject, { "request during a pull": durations["request during a pull"] ?? [] });
    };
    const growth = pid === undefined ? await pull() : await growthDuring(pid, pull);
    if (growth !== undefined) addValues(subject, "growth pull", [growth]);
  },
};

const imageStatus: Group = {
  name: "imagestatus",
  rounds: () => 1,
  async measure(subject) {
    add(
      subject,
      await run(subject, "imagestatus", "-runs", "5", "-images", String(MANY), "-image", MANY_IMAGE),
    );
  },
};

const execSync: Group = {
  name: "execsync",
  rounds: () => EXEC_ROUNDS,
  async measure(subject) {
    add(subject, await run(subject, "execsync", "-runs", String(EXECS / EXEC_ROUNDS)));
  },
};

const streams: Group = {
  name: "streams",
  rounds: (runs) => Math.min(runs, STREAM_ROUNDS),
  measure: measureStreams,
};

const density: Group = {
  name: "density",
  fresh: true,
  rounds: () => 1,
  async measure(subject) {
    addMemory(subject, "idle", daemonMemory(subject.runtime));
    const args = ["density", ...commonArgs(subject)];
    add(subject, await runClient(subject.client, args, () => measureFull(subject)));
  },
};

const stats: Group = {
  name: "stats",
  rounds: () => 1,
  async measure(subject) {
    const { pid = 0 } = subject.runtime;
    add(subject, await run(subject, "stats", "-lists", String(STATS_LISTS), "-pid", String(pid)));
  },
};

const restart: Group = {
  name: "restart",
  rounds: () => 1,
  async measure(subject) {
    const kept = ["-pods", String(RESTART_PODS), "-keep", String(RESTART_PODS), "-lists", "0"];
    await runClient(subject.client, ["density", ...kept, ...commonArgs(subject)], async () => {
      for (let time = 0; time < RESTARTS; time++) await measureRestart(subject);
    });
  },
};

/** Pods given to a kubelet, so many at once, over and over; the kubelets last from the first round to the end. */
function kubeletGroup(name: string, atOnce: number, durations: string): Group {
  const kubelets = new MeasuredKubelets();
  const times = (runs: number) => Math.ceil(runs / atOnce);
  return {
    name,
    missing: missingForKubelets,
    rounds: (runs) => Math.max(2, Math.ceil(times(runs) / RUNS_A_ROUND)),
    async measure(subject, runs) {
      const kubelet = await kubelets.of(subject.runtime);
      for (let time = 0; time < times(runs); time++)
        add(subject, { [durations]: await kubelet.startPods(atOnce) });
    },
    end: () => kubelets.stop(),
  };
}

/** In the order in which they run. The density goes last: the kernel clears its many namespaces away for long after it. */
export const GROUPS: readonly Group[] = [
  simple("pods"),
  simple("containers"),
  simple("images"),
  pulls,
  busyPull,
  imageStatus,
  execSync,
  streams,
  kubeletGroup("kubelet", 1, "kubelet pod"),
  kubeletGroup("kubelet-at-once", PODS_AT_ONCE, "kubelet pods"),
  stats,
  restart,
  density,
];

/** From the start of the daemon's process, after kill -9, until all containers are listed as running. */
async function measureRestart(subject: Subject): Promise<void> {
  const { socket, kill, launch } = subject.runtime;
  if (!kill || !launch) return;
  await kill();
  const began = process.hrtime.bigint();
  await listedAgain(socket, RESTART_PODS * 2, launch());
  add(subject, { restart: [Number(process.hrtime.bigint() - began)] });
}

function measureFull(subject: Subject): void {
  addMemory(subject, "full", daemonMemory(subject.runtime));
  const monitors = monitorsOf(subject.runtime).flatMap((pid) => memoryOf(pid)?.pss ?? []);
  if (monitors.length === 0) return;
  subject.measured.memory["monitor pss"] = [median(monitors)];
  subject.measured.memory["monitors pss"] = [monitors.reduce((sum, pss) => sum + pss)];
}

function daemonMemory({ pid }: Runtime): Memory | undefined {
  return pid === undefined ? undefined : memoryOfTree(pid);
}

function addMemory(subject: Subject, when: string, memory: Memory | undefined): void {
  for (const [kind, bytes] of Object.entries(memory ?? {})) {
    addValues(subject, `${when} ${kind}`, [bytes]);
  }
}

function addValues({ measured }: Subject, name: string, values: number[]): void {
  measured.memory[name] = [...(measured.memory[name] ?? []), ...values];
}

function add({ measured }: Subject, durations: Durations): void {
  for (const [name, values] of Object.entries(durations)) {
    measured.durations[name] = [...(measured.durations[name] ?? []), ...values];
  }
}

function run(subject: Subject, ...args: string[]): Promise<Durations> {
  return runClient(subject.client, [...args, ...commonArgs(subject)]);
}

function commonArgs({ runtime }: Subject): string[] {
  return ["-endpoint", runtime.socket, "-cgroup-parent", runtime.cgroupParent];
}
