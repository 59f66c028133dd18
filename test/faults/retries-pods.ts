/** RunPodSandbox asked for again, while something in it is slow, fails, or is to be stopped: one pod in the end, never two, never "reserved". */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { PodSandboxConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { outcome } from "../support/cri.ts";
import { eventually } from "../support/eventually.ts";
import { inParallel } from "../support/parallel.ts";
import { removePod } from "../support/pods.ts";
import { onlyFaulty } from "./cni-pods.ts";
import type { Fault } from "./fault.ts";
import type { ProgramsBed } from "./programs-bed.ts";
import { refused } from "./refused.ts";
import { persist } from "./retries-client.ts";

const slowly = (bed: ProgramsBed) => `sleep ${bed.context.long ? 5 : 2}`;
/** Tells the pod's id, then waits for ever. */
const hang = `echo "$CNI_CONTAINERID" >"$faults.pod.new"; mv "$faults.pod.new" "$faults.pod"; exec $stuck 100000`;

function run({ daemon }: ProgramsBed, config: Init<PodSandboxConfig>, options = {}) {
  return daemon.client.runtime.RunPodSandbox({ config, runtimeHandler: "faulty" }, options);
}

async function pods({ daemon }: ProgramsBed): Promise<string[]> {
  return (await daemon.client.runtime.ListPodSandbox()).items.map(({ id }) => id);
}

function persistForPod(bed: ProgramsBed, config: Init<PodSandboxConfig>, expected?: RegExp) {
  return persist((options) => run(bed, config, options), expected);
}

/** The pod that hangs in the plugin `bridge`. */
function hangingPod({ bridge }: ProgramsBed): Promise<string> {
  return eventually(() => {
    const id = readFileSync(`${bridge.path}.faults.pod`, "utf8").trim();
    assert.match(id, /^[0-9a-f]{64}$/);
    return id;
  });
}

export const retriesPods: Fault<ProgramsBed>[] = [
  {
    name: "a plugin takes longer than the client waits",

    async inflict(bed) {
      bed.bridge.fault("ADD", onlyFaulty(slowly(bed)));
      bed.bridge.forget();
      const { answer, tries } = await persistForPod(bed, bed.faultyConfig());
      bed.bridge.heal("ADD");
      assert.ok(tries > 1);
      assert.deepEqual(await pods(bed), [answer.podSandboxId]);
      assert.equal(bed.bridge.calls.filter((command) => command === "ADD").length, 1);
      await removePod(bed.daemon, answer.podSandboxId);
    },
  },
  {
    name: "the runtime takes longer than the client waits",
    async inflict(bed) {
      for (const command of ["create", "start"]) bed.runtime.fault(command, slowly(bed));
      bed.runtime.forget();
      const { answer, tries } = await persistForPod(bed, bed.faultyConfig());
      bed.runtime.heal("create", "start");
      assert.ok(tries > 2);
      assert.equal(bed.runtime.calls.filter((command) => command === "create").length, 1);
      await removePod(bed.daemon, answer.podSandboxId);
    },
  },
  {
    name: "ten clients at the same moment",
    short: true,
    async inflict(bed) {
      bed.bridge.fault("ADD", onlyFaulty(slowly(bed)));
      const config = bed.faultyConfig();
      const answers = await inParallel(10, 10, () => persistForPod(bed, config));
      bed.bridge.heal("ADD");
      const ids = new Set(answers.map(({ answer }) => answer.podSandboxId));
      assert.equal(ids.size, 1);
      assert.deepEqual(await pods(bed), [...ids]);
      await removePod(bed.daemon, [...ids][0]!);
    },
  },
  {
    name: "clients that ask in the moment in which the first try fails",
    async inflict(bed) {
      bed.bridge.fault("ADD", onlyFaulty("sleep 0.3; echo no; exit 1"));
      const config = bed.faultyConfig();
      const healing = setTimeout(() => bed.bridge.heal("ADD"), 4_000);
      const clients = inParallel(10, 10, () => persistForPod(bed, config, /ADD: exit code 1/));
      const ids = new Set((await clients).map(({ answer }) => answer.podSandboxId));
      clearTimeout(healing);
      assert.equal(ids.size, 1);
      assert.deepEqual(await pods(bed), [...ids]);
      await removePod(bed.daemon, [...ids][0]!);
    },
  },
  {
    name: "another configuration under the same name",
    async inflict(bed) {
      bed.bridge.fault("ADD", onlyFaulty(slowly(bed)));
      const config = bed.faultyConfig();
      const first = run(bed, config);
      const changed = { ...config, labels: { now: "different" } };
      await refused(
        run(bed, changed),
        "ALREADY_EXISTS",
        /names pod faults\/faulty-.*: sandbox [0-9a-f]+ has/,
      );
      bed.bridge.heal("ADD");
      const { podSandboxId } = await first;
      assert.deepEqual(await pods(bed), [podSandboxId]);
      await removePod(bed.daemon, podSandboxId);
      await removePod(bed.daemon, (await run(bed, changed)).podSandboxId);
    },
  },
  {
    name: "the daemon is killed in between",
    short: true,
    async inflict(bed) {
      bed.bridge.fault("ADD", onlyFaulty(hang));
      const config = bed.faultyConfig();
      const first = outcome(run(bed, config, { timeout: 60_000 }));
      await hangingPod(bed);
      await bed.daemon.kill();
      bed.bridge.heal("ADD", "pod");
      await bed.daemon.start();
      assert.equal(await first, "UNAVAILABLE");
      const { answer } = await persistForPod(bed, config, /connect|UNAVAILABLE|drop/i);
      assert.deepEqual(await pods(bed), [answer.podSandboxId]);
      await removePod(bed.daemon, answer.podSandboxId);
    },
  },
  {
    name: "StopPodSandbox, while a plugin hangs in RunPodSandbox",
    short: true,
    async inflict(bed) {
      bed.bridge.fault("ADD", onlyFaulty(hang));
      const config = bed.faultyConfig();
      const first = refused(run(bed, config), "ABORTED", /pod sandbox [0-9a-f]+ is being stopped/);
      const podSandboxId = await hangingPod(bed);
      const options = { timeout: 20_000 };
      await bed.daemon.client.runtime.StopPodSandbox({ podSandboxId }, options);
      await first;
      await bed.daemon.client.runtime.RemovePodSandbox({ podSandboxId }, options);
      bed.bridge.heal("ADD", "pod");
      await bed.leftNothing();
      await removePod(bed.daemon, (await run(bed, config)).podSandboxId);
    },
  },
  {
    name: "RemovePodSandbox, while the runtime hangs in RunPodSandbox",
    async inflict(bed) {
      bed.runtime.fault("create", "exec $stuck 100000");
      bed.bridge.fault("ADD", onlyFaulty(`echo "$CNI_CONTAINERID" >"$faults.pod"`));
      const config = bed.faultyConfig();
      const first = refused(run(bed, config), "ABORTED", /is being stopped/);
      const podSandboxId = await hangingPod(bed);
      await eventually(() => assert.equal(bed.runtime.stuck.length, 1));
      await bed.daemon.client.runtime.RemovePodSandbox({ podSandboxId }, { timeout: 20_000 });
      await first;
      bed.runtime.heal("create");
      bed.bridge.heal("ADD", "pod");
      await bed.leftNothing();
      await removePod(bed.daemon, (await run(bed, config)).podSandboxId);
    },
  },
  {
    name: "a failure that cannot be taken back, as the runtime is gone: asked again",
    short: true,
    async inflict(bed) {
      bed.late.fault("ADD", onlyFaulty("sleep 1; echo no; exit 1"));
      const config = bed.faultyConfig();
      bed.runtime.forget();
      const first = refused(run(bed, config), "UNKNOWN", /ADD: exit code 1/);
      await eventually(() => assert.ok(bed.runtime.calls.includes("start")));
      bed.runtime.vanish();
      await first;
      // It is there to be seen, and for the kubelet to remove.
      const { items } = await bed.daemon.client.runtime.ListPodSandbox();
      assert.deepEqual(
        items.map(({ metadata, state }) => [metadata?.name, state]),
        [[config.metadata!.name, "SANDBOX_NOTREADY"]],
      );
      await refused(run(bed, config), "UNKNOWN", /runc.*ENOENT|cannot be started/);
      bed.late.heal("ADD");
      bed.runtime.comeBack();
      const { podSandboxId } = await run(bed, config);
      assert.deepEqual(await pods(bed), [podSandboxId]);
      await removePod(bed.daemon, podSandboxId);
    },
  },
  {
    name: "a failure that cannot be taken back, as a plugin fails at DEL too: removed",
    short: true,
    async inflict(bed) {
      bed.late.fault("ADD", onlyFaulty("echo no; exit 1"));
      bed.bridge.fault("DEL", onlyFaulty("echo not that either; exit 1"));
      const config = bed.faultyConfig();
      await refused(run(bed, config), "UNKNOWN", /"late": ADD: exit code 1/);
      const [podSandboxId = ""] = await pods(bed);
      const stopping = bed.daemon.client.runtime.StopPodSandbox({ podSandboxId });
      await refused(stopping, "UNKNOWN", /"bridge": DEL: exit code 1.*not that either/);
      bed.late.heal("ADD");
      bed.bridge.heal("DEL");
      await removePod(bed.daemon, podSandboxId);
      await bed.leftNothing();
    },
  },
];
