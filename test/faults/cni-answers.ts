/** Plugins that answer wrongly: what they say must come through, the pod be taken back, and the next try succeed. */
import type { status } from "@grpc/grpc-js";
import { onlyFaulty } from "./cni-pods.ts";
import type { Fault } from "./fault.ts";
import type { ProgramsBed } from "./programs-bed.ts";
import { refused } from "./refused.ts";

interface Answer {
  name: string;
  short?: boolean;
  /** What the first plugin does at ADD. */
  words: string;
  code?: keyof typeof status;
  cause: RegExp;
}

const error = (fields: string) => `printf '%s' '{"cniVersion":"1.0.0",${fields}}'; exit 1`;

const answers: Answer[] = [
  {
    name: "a CNI error with code, message and details",
    short: true,
    words: error('"code":7,"msg":"no such subnet","details":"10.9.0.0/16 is not ours"'),
    cause: /plugin "bridge": ADD: no such subnet; 10\.9\.0\.0\/16 is not ours \(code 7\)/,
  },
  {
    name: "code 11, try again later",
    words: error('"code":11,"msg":"the controller is not up yet"'),
    code: "UNAVAILABLE",
    cause: /the controller is not up yet \(code 11\)/,
  },
  {
    name: "an error of 1 MiB",
    short: true,
    words: `printf '{"code":100,"msg":"long story: '; head -c 1048576 /dev/zero | tr '\\0' x; printf '"}'; exit 1`,
    cause: /plugin "bridge": ADD: long story: xxx/,
  },
  {
    name: "an error with control characters and other alphabets",
    words: error('"code":100,"msg":"nul \\u0000, newline \\n, e\\u0301, \\ud83d\\ude00, lone \\ud800"'),
    cause: /plugin "bridge": ADD: nul /,
  },
  {
    name: "text in place of JSON",
    words: "echo Segmentation fault; exit 0",
    cause: /no JSON object but "Segm/,
  },
  {
    name: "half of the JSON",
    words: `printf '{"cniVersion":"1.0.0","ips":[{"addr'; exit 0`,
    cause: /no JSON object but/,
  },
  { name: "nothing, and exit code 0", words: "exit 0", cause: /printed no JSON object but nothing/ },
  { name: "nothing, and exit code 3", words: "exit 3", cause: /exit code 3, and said nothing/ },
  {
    name: "bytes that are no UTF-8",
    words: `printf '\\377\\376{\\300'; exit 0`,
    cause: /no JSON object but/,
  },
  {
    name: "1 GiB of zeros",

    words: "exec head -c 1073741824 /dev/zero",
    cause: /printed without end, killed/,
  },
  {
    name: "1 GiB of complaints",
    words: "head -c 1073741824 /dev/zero >&2; exit 1",
    cause: /plugin "bridge": ADD: (printed without end|exit code 1)/,
  },
  {
    name: "an error, but exit code 0",
    short: true,
    words: `printf '{"cniVersion":"1.0.0","code":7,"msg":"no such subnet"}'; exit 0`,
    cause: /plugin "bridge": ADD: no such subnet \(code 7\)/,
  },
  {
    name: "a result with addresses that are none",
    words: `printf '{"cniVersion":"1.0.0","ips":[{"address":"all of them"}]}'; exit 0`,
    cause: /plugin "bridge": ADD: wrong result: ips has the address/,
  },
  {
    name: "a result without addresses",
    short: true,
    words: `printf '{"cniVersion":"1.0.0"}'; exit 0`,
    cause: /its plugins \(bridge, portmap, late\) gave the pod no address/,
  },
  {
    name: "a result that is an array in an object",
    words: `printf '{"cniVersion":"1.0.0","ips":{"0":1}}'; exit 0`,
    cause: /wrong result: ips is /,
  },
  { name: "SIGKILL to itself", words: "kill -9 $$", cause: /plugin "bridge": ADD: killed by SIGKILL/ },
  { name: "death by SIGSEGV", words: "kill -SEGV $$", cause: /plugin "bridge": ADD: killed by SIGSEGV/ },
  {
    name: "a file that is no program",
    words: `printf 'ELF' >"$faults.broken"; chmod 755 "$faults.broken"; exec "$faults.broken"`,
    cause: /plugin "bridge": ADD: exit code 12[67]/,
  },
];

export const cniAnswers: Fault<ProgramsBed>[] = answers.map(
  ({ name, short, words, code = "UNKNOWN", cause }) => ({
    name,
    ...(short && { short }),
    async inflict(bed) {
      const config = bed.faultyConfig();
      bed.bridge.fault("ADD", onlyFaulty(words));
      try {
        await refused(bed.runFaulty(config), code, cause);
        await bed.servesOthers();
      } finally {
        bed.bridge.heal("ADD");
      }
      await (await bed.runFaulty(config))[Symbol.asyncDispose]();
    },
  }),
);
