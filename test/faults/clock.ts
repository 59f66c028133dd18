/** Clocks that jump, forward by a year or back by an hour: nothing that is measured, awaited or ordered may notice. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { NGINX } from "../support/configs.ts";
import { critter, type Daemon } from "../support/daemon.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus, podConfigFor } from "../support/pods.ts";
import { type DaemonBed, daemonSuite } from "./daemon-bed.ts";
import type { Fault } from "./fault.ts";
import { neighbour } from "./neighbour.ts";
import { DEADLINE, succeeds } from "./outcomes.ts";

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;

const offsetFile = (folder: string) => join(folder, "clock");

async function shifted({ folder }: Daemon, milliseconds: number, work: () => Promise<void>): Promise<void> {
  writeFileSync(offsetFile(folder), String(milliseconds));
  try {
    await work();
  } finally {
    writeFileSync(offsetFile(folder), "0");
  }
}

const jumps: [name: string, milliseconds: number, isShort: boolean][] = [
  ["back by an hour", -HOUR, true],
  ["forward by a year", YEAR, false],
  ["back by ten years", -10 * YEAR, false],
];

/** What goes on while the clock jumps. */
const duringJump = ([name, jump, short]: (typeof jumps)[number]): Fault<DaemonBed> => ({
  name: `a clock that jumps ${name}, and to where it was again`,
  short,
  async inflict({ daemon }) {
    const { runtime, image } = daemon.client;
    await using other = await neighbour(daemon, { command: ["sh", "-c", "while :; do :; done"] });
    const { containerId } = other;
    const ignores = await other.pod.runTrapping("trap '' TERM");
    const stopping = runtime.StopContainer({ containerId: ignores, timeout: 2 }, DEADLINE);
    const exec = { containerId, cmd: ["sleep", "1000"], timeout: 2 };
    const executing = runtime.ExecSync(exec, DEADLINE).then(
      () => "OK",
      ({ message }) => String(message),
    );
    const pulling = image.PullImage({ image: { image: NGINX } });
    const rateOf = async () =>
      (await runtime.ContainerStats({ containerId })).stats?.cpu?.usageNanoCores?.value;
    await rateOf();
    const started = performance.now();
    await shifted(daemon, jump, async () => {
      await succeeds("StopContainer", stopping);
      assert.match(await executing, /2 s|2000 ms|deadline|timed out/i);
      assert.ok(performance.now() - started > 1000, "the period of grace is cut short");
      await succeeds("PullImage", pulling);
      await other.works();
      const rate = Number(await rateOf());
      assert.ok(rate > 10_000_000 && rate < 1_500_000_000, `a busy loop takes ${rate} nanocores`);
    });
    await other.works();
    await image.RemoveImage({ image: { image: NGINX } });
  },
});

const faults: Fault<DaemonBed>[] = [
  ...jumps.map(duringJump),
  {
    name: "containers and sandboxes keep their order when the clock is set back, and end no sooner than they begin",
    short: true,
    async inflict({ daemon }) {
      const { runtime } = daemon.client;
      const timesOf = async (id: string) => {
        const { createdAt, startedAt, finishedAt } = await containerStatus(daemon, id);
        return [createdAt, startedAt, finishedAt].map(BigInt) as [bigint, bigint, bigint];
      };
      const isOrdered = (...times: bigint[]) =>
        assert.deepEqual(
          times,
          times.toSorted((a, b) => (a < b ? -1 : 1)),
          "in another order",
        );
      await using pod = await livePod(daemon);
      let first = "";
      await shifted(daemon, YEAR, async () => {
        first = await pod.run();
      });
      const second = await pod.run();
      const [[created, started], [createdNext, startedNext]] = [await timesOf(first), await timesOf(second)];
      assert.ok(created < createdNext, "the second is not the younger one");
      isOrdered(created, started);
      isOrdered(createdNext, startedNext);
      await runtime.StopContainer({ containerId: first }, DEADLINE);
      isOrdered(...(await timesOf(first)));
      await runtime.StopPodSandbox({ podSandboxId: pod.id });
      const before = BigInt((await pod.status()).createdAt);
      const metadata = { ...pod.config.metadata!, attempt: 3 };
      await shifted(daemon, -HOUR, async () => {
        await using next = await livePod(daemon, { ...pod.config, metadata });
        assert.ok(BigInt((await next.status()).createdAt) > before);
      });
    },
  },
  {
    name: "a daemon that was killed starts with the clock of another year, and knows its pods",
    async inflict({ daemon }) {
      await using other = await neighbour(daemon);
      for (const jump of [-YEAR, YEAR]) {
        await shifted(daemon, jump, async () => {
          await daemon.kill();
          await daemon.start();
          await other.works();
          const config = podConfigFor(daemon);
          const { runtime } = daemon.client;
          const { podSandboxId } = await succeeds("RunPodSandbox", runtime.RunPodSandbox({ config }));
          await succeeds("RemovePodSandbox", runtime.RemovePodSandbox({ podSandboxId }));
        });
      }
      await daemon.kill();
      await daemon.start();
      await other.works();
    },
  },
];

export const clockSuite = daemonSuite("clock", faults, {
  prepare: async (folder) => writeFileSync(offsetFile(folder), "0"),
  launcher: (folder) => [
    "env",
    `CRITTER_TEST_CLOCK=${offsetFile(folder)}`,
    `NODE_OPTIONS=--import=${join(import.meta.dirname, "shifted-clock.ts")}`,
    critter,
  ],
});
