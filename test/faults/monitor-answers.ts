/** Monitors that answer wrongly, or not at all, when a container is made: it is refused with the cause, and nothing is left. */
import type { Fault } from "./fault.ts";
import type { ProgramsBed } from "./programs-bed.ts";
import { refused } from "./refused.ts";

/** Writes down a monitor, as conmon does, that lives on; then answers. */
const answer = (words: string) => `
for word; do [ "$before" = -P ] && file=$word; before=$word; done
setsid $stuck 100000 >/dev/null 2>&1 3>&- & echo $! >"$file"
${words} >&3; exit 0`;

const ways: { name: string; short?: boolean; words: string; cause: RegExp }[] = [
  { name: "rubbish", words: answer("echo Segmentation fault"), cause: /answered "Segmentation fault"/ },
  { name: "half an answer", words: `printf '{"pid": 4' >&3; exit 0`, cause: /answered "\{\\?"pid\\?": 4"/ },
  {
    name: "an answer without a process",
    words: answer(`echo '{"pid": "me"}'`),
    cause: /which names no process/,
  },
  {
    name: "64 MiB without an end",

    words: answer("head -c 67108864 /dev/zero"),
    cause: /names no process/,
  },
  {
    name: "init as the container",
    short: true,
    words: answer(`echo '{"pid": 1}'`),
    cause: /names process 1, which is not its own/,
  },
  {
    name: "the daemon as the container",
    short: true,
    words: answer(`echo "{\\"pid\\": $PPID}"`),
    cause: /names process \d+, which is not its own/,
  },
  {
    name: "a process that is not there",
    words: answer(`echo '{"pid": 4194200}'`),
    cause: /was killed while being created/,
  },
  {
    name: "nothing, and exit code 0",
    words: "exit 0",
    cause: /ended without an answer \(it exited with code 0\)/,
  },
  { name: "a complaint", words: "echo no memory for me >&2; exit 3", cause: /code 3\): no memory for me/ },
  {
    name: "death by SIGKILL",

    words: "kill -9 $$",
    cause: /ended without an answer \(it was ended by SIGKILL/,
  },
];

export const monitorAnswers: Fault<ProgramsBed>[] = ways.map(({ name, short, words, cause }) => ({
  name,
  ...(short && { short }),
  async inflict(bed) {
    await using pod = await bed.faultyPod();
    bed.monitor.fault("-c", words);
    await refused(pod.create(), "UNKNOWN", cause);
    await bed.servesOthers();
    bed.monitor.heal("-c");
    await pod.sh(await pod.run(), "true");
  },
}));

monitorAnswers.push(
  {
    name: "it is gone, and comes back",
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      bed.monitor.vanish();
      await refused(pod.create(), "UNKNOWN", /conmon: cannot be started/);
      await refused(bed.faultyPod(), "UNKNOWN", /conmon: cannot be started/);
      await bed.servesOthers();
      bed.monitor.comeBack();
      await pod.sh(await pod.run(), "true");
    },
  },
  {
    name: "nothing, for ever",
    async inflict(bed) {
      await using pod = await bed.faultyPod();
      bed.monitor.fault("-c", "trap '' TERM; $stuck 100000 & wait; wait");
      const creating = refused(pod.create(), "DEADLINE_EXCEEDED", /faulty create: no answer in 30 s, killed/);
      await bed.servesOthers();
      await creating;
      bed.monitor.heal("-c");
      await pod.sh(await pod.run(), "true");
    },
  },
);
