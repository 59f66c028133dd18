/** CreateContainer asked for again, and calls about one container that meet: one container in the end, none left half made. */
import assert from "node:assert/strict";
import type { ContainerConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { containerConfig } from "../support/configs.ts";
import { outcome } from "../support/cri.ts";
import { eventually } from "../support/eventually.ts";
import type { LivePod } from "../support/live-pod.ts";
import { inParallel } from "../support/parallel.ts";
import { containerStatus } from "../support/pods.ts";
import type { Fault } from "./fault.ts";
import type { ProgramsBed } from "./programs-bed.ts";
import { refused } from "./refused.ts";
import { persist } from "./retries-client.ts";

const slowly = (bed: ProgramsBed) => `sleep ${bed.context.long ? 5 : 2}`;

function create({ daemon }: ProgramsBed, pod: LivePod, config: Init<ContainerConfig>, options = {}) {
  const request = { podSandboxId: pod.id, config, sandboxConfig: pod.config };
  return daemon.client.runtime.CreateContainer(request, options);
}

async function containers({ daemon }: ProgramsBed): Promise<string[]> {
  return (await daemon.client.runtime.ListContainers()).containers.map(({ id }) => id);
}

async function isHanging(bed: ProgramsBed): Promise<void> {
  await eventually(() => assert.equal(bed.runtime.stuck.length, 1));
}

export const retriesContainers: Fault<ProgramsBed>[] = [
  {
    name: "ten clients, and a runtime that takes longer than they wait",
    short: true,
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      bed.runtime.fault("create", slowly(bed));
      bed.runtime.forget();
      const config = containerConfig();
      const answers = await inParallel(10, 10, () => persist((options) => create(bed, pod, config, options)));
      bed.runtime.heal("create");
      assert.ok(answers.some(({ tries }) => tries > 1));
      const ids = new Set(answers.map(({ answer }) => answer.containerId));
      assert.deepEqual(await containers(bed), [...ids]);
      assert.equal(bed.runtime.calls.filter((command) => command === "create").length, 1);
    },
  },
  {
    name: "the monitor takes longer than the client waits",
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      bed.monitor.fault("-c", slowly(bed));
      const config = containerConfig();
      const { answer, tries } = await persist((options) => create(bed, pod, config, options));
      bed.monitor.heal("-c");
      assert.ok(tries > 1);
      assert.deepEqual(await containers(bed), [answer.containerId]);
    },
  },
  {
    name: "clients that ask in the moment in which the first try fails",
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      bed.runtime.fault("create", "sleep 0.2; echo no >&2; exit 1");
      const healing = setTimeout(() => bed.runtime.heal("create"), 3_000);
      const config = containerConfig();
      const clients = inParallel(10, 10, () =>
        persist((options) => create(bed, pod, config, options), /no$/),
      );
      const ids = new Set((await clients).map(({ answer }) => answer.containerId));
      clearTimeout(healing);
      assert.deepEqual(await containers(bed), [...ids]);
      assert.equal(ids.size, 1);
    },
  },
  {
    name: "another configuration under the same name",
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      bed.runtime.fault("create", slowly(bed));
      const config = containerConfig();
      const first = create(bed, pod, config);
      const changed = create(bed, pod, { ...config, command: ["sleep", "1"] });
      await refused(changed, "ALREADY_EXISTS", /names container container-.*, attempt 2: [0-9a-f]+ has/);
      assert.deepEqual(await containers(bed), [(await first).containerId]);
    },
  },
  {
    name: "StopPodSandbox, while the runtime hangs in CreateContainer",
    short: true,
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      bed.runtime.fault("create", "exec $stuck 100000");
      const config = containerConfig();
      const calls = Array.from({ length: 3 }, () => create(bed, pod, config));
      const endings = calls.map((call) => refused(call, "ABORTED", /pod sandbox [0-9a-f]+ is being stopped/));
      await isHanging(bed);
      const request = { podSandboxId: pod.id };
      await bed.daemon.client.runtime.StopPodSandbox(request, { timeout: 20_000 });
      await Promise.all(endings);
      await refused(create(bed, pod, config), "FAILED_PRECONDITION", /is not ready/);
      assert.deepEqual(await containers(bed), []);
    },
  },
  {
    name: "RemovePodSandbox, while the monitor hangs in CreateContainer",
    async inflict(bed) {
      const pod = await bed.faultyPod();
      bed.monitor.fault("-c", "exec $stuck 100000");
      const ending = refused(create(bed, pod, containerConfig()), "ABORTED", /is being stopped/);
      await isHanging(bed);
      await bed.daemon.client.runtime.RemovePodSandbox({ podSandboxId: pod.id }, { timeout: 20_000 });
      await ending;
    },
  },
  {
    name: "the daemon is killed while the runtime hangs in CreateContainer",
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      bed.runtime.fault("create", "exec $stuck 100000");
      const config = containerConfig();
      const first = outcome(create(bed, pod, config));
      await isHanging(bed);
      await bed.daemon.kill();
      bed.runtime.heal("create");
      await bed.daemon.start();
      assert.equal(await first, "UNAVAILABLE");
      const { answer } = await persist((options) => create(bed, pod, config, options), /connect|drop/i);
      assert.deepEqual(await containers(bed), [answer.containerId]);
    },
  },
  {
    name: "a failure that cannot be taken back: asked again",
    short: true,
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      const config = containerConfig();
      for (const command of ["create", "delete"]) bed.runtime.fault(command, "echo no disk >&2; exit 1");
      await refused(create(bed, pod, config), "UNKNOWN", /faulty create: no disk/);
      assert.deepEqual(await containers(bed), [], "half a container is not listed");
      await refused(create(bed, pod, config), "UNKNOWN", /faulty delete: no disk/);
      bed.runtime.heal("create", "delete");
      const { containerId } = await create(bed, pod, config);
      assert.deepEqual(await containers(bed), [containerId]);
    },
  },
  {
    name: "a failure that cannot be taken back: the pod is stopped and removed",
    async inflict(bed) {
      const pod = await bed.faultyPod();
      for (const command of ["create", "delete"]) bed.runtime.fault(command, "echo no disk >&2; exit 1");
      await refused(create(bed, pod, containerConfig()), "UNKNOWN", /faulty create: no disk/);
      const { runtime } = bed.daemon.client;
      const request = { podSandboxId: pod.id };
      await refused(runtime.StopPodSandbox(request), "UNKNOWN", /faulty delete: no disk/);
      bed.runtime.heal("create", "delete");
      await runtime.StopPodSandbox(request, { timeout: 20_000 });
      await runtime.RemovePodSandbox(request, { timeout: 20_000 });
    },
  },
  {
    name: "StopContainer twice at once: the shorter period counts, whichever comes first",
    short: true,
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      const { runtime } = bed.daemon.client;
      const runs = [
        [300, 1],
        [1, 300],
      ].map(async (periods) => {
        const containerId = await pod.runTrapping("trap '' TERM");
        const options = { timeout: 60_000 };
        await Promise.all(
          periods.map((timeout) => runtime.StopContainer({ containerId, timeout: String(timeout) }, options)),
        );
        return (await containerStatus(bed.daemon, containerId)).exitCode;
      });
      assert.deepEqual(await Promise.all(runs), [137, 137]);
    },
  },
  {
    name: "ExecSync, while its container is stopped",
    short: true,
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      const { runtime } = bed.daemon.client;
      const containerId = await pod.run();
      const exec = (cmd: string[]) =>
        runtime.ExecSync({ containerId, cmd, timeout: "0" }, { timeout: 30_000 });
      const long = exec(["sh", "-c", "touch /begun; exec sleep 1000"]).then(({ exitCode }) => exitCode);
      await eventually(async () => assert.equal((await exec(["test", "-e", "/begun"])).exitCode, 0));
      const many = Array.from({ length: 6 }, () => outcome(exec(["true"])));
      await runtime.StopContainer({ containerId, timeout: "0" }, { timeout: 30_000 });
      assert.equal(await long, 137);
      for (const code of await Promise.all(many)) assert.match(code, /^(OK|UNKNOWN|FAILED_PRECONDITION)$/);
      await refused(exec(["true"]), "FAILED_PRECONDITION", /CONTAINER_EXITED/);
    },
  },
];
