/** Plugins that hang: each call ends by itself in good time, others do not notice, and the daemon starts beside them. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { outcome } from "../support/cri.ts";
import { eventually } from "../support/eventually.ts";
import { onlyFaulty } from "./cni-pods.ts";
import type { Fault } from "./fault.ts";
import type { ProgramsBed } from "./programs-bed.ts";
import { refused } from "./refused.ts";
import { persist } from "./retries-client.ts";

/** It ignores what others would end by, and has a child that holds its output. */
const STUBBORN = "trap '' TERM INT HUP; $stuck 100000 & wait; wait";
const STOP = { timeout: 120_000 };

async function isHanging(bed: ProgramsBed, count = 1): Promise<void> {
  await eventually(() => assert.ok(bed.runtime.stuck.length >= count));
}

async function networkMessage({ daemon }: ProgramsBed): Promise<string> {
  const { status } = await daemon.client.runtime.Status({}, { timeout: 5_000 });
  return status!.conditions.find(({ type }) => type === "NetworkReady")!.message;
}

export const cniHangs: Fault<ProgramsBed>[] = [
  {
    name: "at DEL, when the client asks again, and is mended",
    short: true,
    async inflict(bed) {
      const pod = await bed.faultyPod();
      bed.bridge.fault("DEL", onlyFaulty(`until [ -e $faults.mended ]; do $stuck 0.2; done`));
      const stop = persist((options) =>
        bed.daemon.client.runtime.StopPodSandbox({ podSandboxId: pod.id }, options),
      );
      await isHanging(bed);
      await bed.servesOthers();
      writeFileSync(`${bed.bridge.path}.faults.mended`, "");
      await stop;
      await pod[Symbol.asyncDispose]();
    },
  },
  {
    name: "at ADD and at DEL, and the daemon is killed and started",
    short: true,
    async inflict(bed) {
      for (const command of ["ADD", "DEL"]) bed.bridge.fault(command, onlyFaulty(STUBBORN));
      const config = bed.faultyConfig();
      const first = outcome(bed.runFaulty(config));
      await isHanging(bed);
      await bed.daemon.kill();
      await bed.daemon.start();
      assert.equal(await first, "UNAVAILABLE");
      await bed.servesOthers();
      bed.bridge.heal("ADD", "DEL");
      for (const pid of bed.runtime.stuck) process.kill(pid, "SIGKILL");
      const { answer: pod } = await persist(({ timeout }) => bed.runFaulty(config, timeout));
      await pod[Symbol.asyncDispose]();
    },
  },
  {
    name: "at VERSION",
    async inflict(bed) {
      bed.bridge.fault("VERSION", STUBBORN);
      await bed.daemon.stop();
      await bed.daemon.start();
      const { info } = await bed.daemon.client.runtime.Status({ verbose: true }, { timeout: 20_000 });
      const { pluginVersions } = JSON.parse(info.cniconfig!);
      assert.deepEqual(pluginVersions.bridge, []);
      assert.ok(pluginVersions.late.includes("1.0.0"));
      await bed.servesOthers();
    },
  },
  {
    name: "at STATUS",
    async inflict(bed) {
      const path = join(bed.daemon.network.confDir, "10-bridge.conflist");
      const before = readFileSync(path, "utf8");
      const conflist = JSON.parse(before);
      const plugins = conflist.plugins.filter(({ type }: { type: string }) => type !== "portmap");
      bed.bridge.fault("STATUS", STUBBORN);
      bed.late.fault("STATUS", "exit 0");
      writeFileSync(path, JSON.stringify({ ...conflist, cniVersion: "1.1.0", plugins }));
      await eventually(async () => assert.match(await networkMessage(bed), /have not answered STATUS yet/));
      await eventually(async () =>
        assert.match(await networkMessage(bed), /"bridge": STATUS: no answer in 10 s, killed/),
      );
      bed.bridge.fault("STATUS", "exit 0");
      await eventually(async () => assert.equal(await networkMessage(bed), ""));
      writeFileSync(path, before);
      await eventually(async () => {
        const { info } = await bed.daemon.client.runtime.Status({ verbose: true });
        assert.equal(JSON.parse(info.cniconfig!).network.cniVersion, "1.0.0");
      });
    },
  },
  {
    name: "at ADD and at DEL, until the daemon's patience ends",
    async inflict(bed) {
      const leaving = await bed.faultyPod();
      const config = bed.faultyConfig();
      for (const plugin of [bed.bridge, bed.late]) plugin.fault("DEL", onlyFaulty(STUBBORN));
      bed.bridge.fault("ADD", onlyFaulty(STUBBORN));
      const { runtime } = bed.daemon.client;
      const request = { podSandboxId: leaving.id };
      const stopping = refused(
        runtime.StopPodSandbox(request, STOP),
        "DEADLINE_EXCEEDED",
        /"late": DEL: no answer/,
      );
      const running = refused(
        bed.runFaulty(config, 240_000),
        "DEADLINE_EXCEEDED",
        /"bridge": ADD: no answer in/,
      );
      await isHanging(bed, 2);
      await bed.servesOthers();
      await Promise.all([stopping, running]);
      for (const plugin of [bed.bridge, bed.late]) plugin.heal("ADD", "DEL");
      await leaving[Symbol.asyncDispose]();
      await (await bed.runFaulty(config))[Symbol.asyncDispose]();
    },
  },
];
