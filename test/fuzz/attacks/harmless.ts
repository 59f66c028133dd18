/** Values that are taken for what they are: what is written, run and listed has them, and nothing else has changed. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type LivePod, livePod } from "../../support/live-pod.ts";
import type { Trials } from "../../support/trials.ts";
import type { FuzzBed } from "../bed.ts";

/** Whatever a terminal, a shell, a path, a prototype or a line could take for its own. */
const hostile: readonly [name: string, value: string][] = [
  ["__proto__", "a"],
  ["constructor", "b"],
  ["toString", ""],
  ["$(touch /tmp/critter-fuzz-escaped)", "`id`"],
  ["\u001b[31m", "\u009b2J\u0007"],
  ["a\nb", "\r\nnameserver 192.0.2.1"],
  ["\u202egnp.exe", "\u2028"],
  ["../../x", "%s%n"],
  ["😀", "e\u0301"],
];

type Check = (bed: FuzzBed, pod: LivePod) => Promise<void>;

const checks: Record<string, Check> = {
  "labels and annotations come back as they were": async (bed, pod) => {
    const wanted = Object.fromEntries(hostile);
    const { runtime } = bed.daemon.client;
    const { labels, annotations } = await pod.status();
    assert.deepEqual(Object.entries(labels), Object.entries(wanted));
    assert.deepEqual(Object.entries(annotations), Object.entries(wanted));
    for (const [name, value] of hostile) {
      const of = (text: string) => ({ filter: { labelSelector: Object.fromEntries([[name, text]]) } });
      const found = (await runtime.ListPodSandbox(of(value))).items.map(({ id }) => id);
      assert.deepEqual(found, [pod.id], `label ${JSON.stringify(name)}`);
      assert.deepEqual((await runtime.ListPodSandbox(of("other"))).items, []);
    }
  },

  "arguments and variables reach the program as they are": async (bed, pod) => {
    const texts = hostile.flat();
    const script = 'printf "%s\\0" "$@" "$HOSTILE" > /out/texts';
    const { exitCode } = await pod.finish({
      command: ["sh", "-c", script, "sh"],
      args: texts,
      envs: [{ key: "HOSTILE", value: Buffer.from(texts.join("|")) }],
      mounts: [{ containerPath: "/out", hostPath: bed.volumes }],
    });
    assert.equal(exitCode, 0);
    const written = readFileSync(join(bed.volumes, "texts"), "utf8").split("\0");
    assert.deepEqual(written.slice(0, -1), [...texts, texts.join("|")]);
    assert.ok(!existsSync("/tmp/critter-fuzz-escaped"));
  },

  "a log with a strange name lies in the log directory, and nothing beside it": async (bed, pod) => {
    const name = "$(id)\u202e é;'\"`|&.log";
    const before = readdirSync(bed.logDirectory);
    await pod.finish({ command: ["echo", "said"], logPath: name });
    assert.deepEqual(readdirSync(bed.logDirectory).sort(), [...before, name].sort());
    assert.match(readFileSync(join(bed.logDirectory, name), "utf8"), / stdout F said\n$/);
  },

  "a working directory that leads up stays in the container": async (_bed, pod) => {
    const id = await pod.run({ workingDir: "/tmp/../../../../critter-fuzz-escaped/a" });
    assert.equal(await pod.sh(id, "pwd"), "/critter-fuzz-escaped/a");
    assert.ok(!existsSync("/critter-fuzz-escaped"));
  },

  "a mount's path that leads up stays in the container": async (bed, pod) => {
    const mount = { hostPath: bed.volumes, containerPath: "/a/../../../critter-fuzz-escaped" };
    const id = await pod.run({ mounts: [mount] });
    assert.match(await pod.sh(id, "cat /proc/mounts"), / \/critter-fuzz-escaped /);
    assert.ok(!existsSync("/critter-fuzz-escaped"));
  },

  "resolv.conf, hosts and hostname have what was asked for, and no more": async (_bed, pod) => {
    const id = await pod.run();
    assert.equal(
      await pod.sh(id, "cat /etc/resolv.conf"),
      "search a.test\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\noptions ndots:5",
    );
    const hosts = (await pod.sh(id, "cat /etc/hosts")).split("\n");
    assert.deepEqual(
      hosts.slice(6).map((line) => line.split("\t")[1]),
      ["fuzz-1.a"],
    );
    assert.equal(await pod.sh(id, "cat /etc/hostname; hostname"), "fuzz-1.a\nfuzz-1.a");
  },

  "critter inspect shows nothing that a terminal obeys": async (bed, pod) => {
    const critter = join(import.meta.dirname, "..", "..", "..", "bin", "critter");
    const { stdout } = await promisify(execFile)(critter, ["inspect", "--socket", bed.daemon.socket, pod.id]);
    assert.match(stdout, /gnp\.exe/);
    assert.doesNotMatch(stdout.replaceAll("\n", ""), /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
  },
};

export async function tryHarmless(bed: FuzzBed, trials: Trials): Promise<void> {
  await bed.renew();
  const pod = await livePod(bed.daemon, {
    logDirectory: bed.logDirectory,
    hostname: "fuzz-1.a",
    dnsConfig: { servers: ["192.0.2.1", "fe80::1%eth0"], searches: ["a.test"], options: ["ndots:5"] },
    labels: Object.fromEntries(hostile),
    annotations: Object.fromEntries(hostile),
  });
  for (const [name, check] of Object.entries(checks)) {
    if (!trials.wants(name) && !trials.wants("attacks")) continue;
    await trials.try("attacks that are none", name, () => check(bed, pod));
  }
  await trials.try("attacks that are none", "nothing is left", () => bed.assertNothingLeft());
}
