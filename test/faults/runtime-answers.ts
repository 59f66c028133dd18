/** Runtimes that fail at one command, each in its way: the cause must come through, and the next try succeed. */
import assert from "node:assert/strict";
import type { status } from "@grpc/grpc-js";
import { containerStatus } from "../support/pods.ts";
import type { Fault } from "./fault.ts";
import type { ProgramsBed } from "./programs-bed.ts";
import { refused } from "./refused.ts";

interface Way {
  name: string;
  words: string;
  /** What is found in the error of any command. */
  said: RegExp;
}

const ways: Way[] = [
  {
    name: "with its log",
    words: `echo '{"level":"error","msg":"the moon is full"}' >&2; exit 1`,
    said: /the moon is full/,
  },
  { name: "with text", words: "echo 'panic: the moon is full' >&2; exit 2", said: /panic: the moon is full/ },
  { name: "without a word", words: "exit 7", said: /code 7|ended without an answer|exit status/ },
  { name: "killed by SIGKILL", words: "kill -9 $$", said: /SIGKILL|ended without an answer|signal 9/ },
  {
    name: "with rubbish",
    // Of more than a pipe holds conmon reads nothing, and waits until its time is up.
    words: `size=67108864; [ $command = create ] && size=50000; head -c $size /dev/urandom >&2; exit 1`,
    said: /faulty \w+: /,
  },
];

interface Command {
  command: string;
  code?: keyof typeof status;
  /** Calls the RPC that needs the command, in a pod with a container that is created and one that runs. */
  call(bed: ProgramsBed, parts: Parts): Promise<unknown>;
  /** What there is to see of the failure. */
  after?(bed: ProgramsBed, parts: Parts): Promise<void>;
}

interface Parts {
  pod: Awaited<ReturnType<ProgramsBed["faultyPod"]>>;
  created: string;
  running: string;
}

const commands: Command[] = [
  { command: "create", call: (_, { pod }) => pod.create() },
  {
    command: "start",
    call: ({ daemon }, { created }) => daemon.client.runtime.StartContainer({ containerId: created }),
    async after(bed, { pod, created }) {
      const { reason, message } = await pod.ended(created);
      assert.equal(reason, "StartError");
      assert.match(message, /faulty start: /);
      await bed.daemon.client.runtime.RemoveContainer({ containerId: created });
    },
  },
  {
    command: "update",
    code: "FAILED_PRECONDITION",
    call: ({ daemon }, { running }) =>
      daemon.client.runtime.UpdateContainerResources({ containerId: running, linux: { cpuShares: 512 } }),
  },
  {
    command: "exec",
    call: ({ daemon }, { running }) =>
      daemon.client.runtime.ExecSync({ containerId: running, cmd: ["true"], timeout: 20 }),
  },
  {
    command: "delete",
    call: async ({ daemon }, { pod, running }) => {
      await daemon.client.runtime.StopContainer({ containerId: running, timeout: 0 });
      assert.equal((await pod.ended(running)).exitCode, 137);
      return daemon.client.runtime.RemoveContainer({ containerId: running });
    },
  },
];

async function parts(bed: ProgramsBed): Promise<Parts> {
  const pod = await bed.faultyPod();
  const [created, running] = await Promise.all([pod.create(), pod.run()]);
  return { pod, created, running };
}

/** Has `command` fail by `words`, then not any more. */
async function fail(
  bed: ProgramsBed,
  { command, code = "UNKNOWN", call, after }: Command,
  way: Way,
): Promise<void> {
  const some = await parts(bed);
  await using _ = some.pod;
  bed.runtime.fault(command, way.words);
  const message = await refused(call(bed, some), code, new RegExp(`faulty ${command}: `));
  // What the runtime says at exec goes to the client of the command, but for its log.
  if (command !== "exec") assert.match(message, way.said);
  await bed.servesOthers();
  bed.runtime.heal(command);
  await after?.(bed, some);
  if (!after) await call(bed, some);
}

export const runtimeAnswers: Fault<ProgramsBed>[] = commands.flatMap((command) =>
  ways.map((way, at) => ({
    name: `${command.command} fails ${way.name}`,
    short: at === 0 && ["start", "delete"].includes(command.command),
    inflict: (bed: ProgramsBed) => fail(bed, command, way),
  })),
);

runtimeAnswers.push(
  {
    name: "it is gone, and comes back",
    short: true,
    async inflict(bed) {
      const some = await parts(bed);
      await using pod = some.pod;
      const other = await pod.run();
      bed.runtime.vanish();
      for (const { call, code = "UNKNOWN" } of commands) {
        await refused(call(bed, some), code, new RegExp(`${bed.runtime.path}`));
      }
      assert.deepEqual((await pod.ended(some.created)).reason, "StartError");
      assert.equal((await containerStatus(bed.daemon, other)).state, "CONTAINER_RUNNING");
      await bed.servesOthers();
      bed.runtime.comeBack();
      await pod.sh(other, "true");
      assert.equal((await pod.finish({ command: ["sh", "-c", "exit 4"] })).exitCode, 4);
    },
  },
  {
    name: "exec ends with 0 and has begun nothing",
    async inflict(bed) {
      const some = await parts(bed);
      await using pod = some.pod;
      bed.runtime.fault("exec", "exit 0");
      const call = bed.daemon.client.runtime.ExecSync({
        containerId: some.running,
        cmd: ["true"],
        timeout: 20,
      });
      await refused(call, "UNKNOWN", /faulty exec: /);
      bed.runtime.heal("exec");
      await pod.sh(some.running, "true");
    },
  },
  {
    name: "create ends with 0 and has created nothing",
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      bed.runtime.fault("create", "exit 0");
      await refused(pod.create(), "UNKNOWN", /faulty create: /);
      bed.runtime.heal("create");
      await pod.run();
    },
  },
);
