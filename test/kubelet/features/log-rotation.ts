/** containerLogMaxSize and containerLogMaxFiles: the kubelet moves logs away, and critter begins new ones without losing a line. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseLog } from "../../support/cri-log.ts";
import { eventually } from "../../support/eventually.ts";
import type { Feature } from "../feature.ts";
import { FollowedLog } from "../node/kubelet-follow.ts";
import type { KubeletNode } from "../node/kubelet-node.ts";
import { emptyDir, mount, sh } from "../node/manifest.ts";
import type { StaticPod } from "../node/static-pods.ts";

/** As in kubelet-config.ts. */
const MAX_SIZE = 128 * 1024;
const MAX_FILES = 4;

/** What the container may write ahead of who follows its log: less than a file, for the kubelet follows the latest one only. */
const AHEAD = 800;

/** How often the log is to be moved away. */
const ROTATIONS = 3;

/** Writes numbered lines up to the number that stands in a file of the volume, until there is a file `end`. */
const counting = sh(`n=0
  while [ ! -e /told/end ] || [ $n -lt $allowed ]; do
    { read allowed < /told/allowed; } 2> /dev/null || { sleep 0.05; continue; }
    while [ $n -lt $allowed ]; do n=$((n + 1)); echo "$n ${".".repeat(80)}"; done
    sleep 0.05
  done`);

/** Lets the container write as its log is read, until the log has been moved away often enough; answers how many lines it wrote. */
async function readAlong(pod: StaticPod, followed: FollowedLog, path: string): Promise<number> {
  const told = join(pod.folder, "volumes/kubernetes.io~empty-dir/told");
  const rotated = new Set<string>();
  for (let read = 0; ; ) {
    for (const name of readdirSync(dirname(path))) rotated.add(name.replace(/\.(gz|tmp)$/, ""));
    if (rotated.size > ROTATIONS) {
      writeFileSync(join(told, "end"), "");
      return read;
    }
    writeFileSync(join(told, "next"), `${read + AHEAD}\n`);
    renameSync(join(told, "next"), join(told, "allowed"));
    const wanted = read + AHEAD;
    read = await eventually(() => {
      const now = lastNumber(followed.text);
      assert.equal(now, wanted, "the last line that has come");
      return now;
    });
  }
}

function lastNumber(text: string): number {
  const end = text.lastIndexOf("\n");
  return Number.parseInt(text.slice(text.lastIndexOf("\n", end - 1) + 1, end), 10) || 0;
}

/** Path of the log of a pod's only container. */
async function logPath({ daemon }: KubeletNode, pod: StaticPod): Promise<string> {
  const { runtime } = daemon.client;
  const { containers } = await runtime.ListContainers({
    filter: { labelSelector: { "io.kubernetes.pod.uid": pod.uid } },
  });
  const { status } = await runtime.ContainerStatus({ containerId: containers[0]!.id });
  return status!.logPath;
}

/** The lines of a log, of which some came in parts. */
function wholeLines(log: string): string[] {
  const text = parseLog(log).map(({ tag, text }) => (tag === "F" ? `${text}\n` : text));
  return text.join("").split("\n");
}

const numbers = (lines: readonly string[]) => lines.filter(Boolean).map((line) => Number.parseInt(line, 10));

function assertConsecutive(found: number[], first: number, last: number): void {
  const missing = found.findIndex((number, at) => number !== first + at);
  assert.equal(missing, -1, `after ${found[missing - 1]} comes ${found[missing]}`);
  assert.equal(found.at(-1), last);
}

export const features: readonly Feature[] = [
  {
    name: "no line is lost, neither in the files nor by logs -f",
    async run(node) {
      await using pod = await node.pods.run("rotated", {
        restartPolicy: "Never",
        volumes: [emptyDir("told")],
        containers: [{ name: "main", command: counting, volumeMounts: [mount("told", "/told")] }],
      });
      const known = await pod.untilPhase("Running");
      const path = await logPath(node, pod);
      await using followed = new FollowedLog(node.kubelet.api.port, known, "main");
      const lines = await readAlong(pod, followed, path);
      await pod.untilPhase("Succeeded");
      assertConsecutive(numbers((await followed.ended).split("\n")), 1, lines);

      const folder = dirname(path);
      const names = readdirSync(folder).sort();
      assert.ok(names.length > 2 && names.length <= MAX_FILES, names.join());
      // The current one has the shortest name, and holds what came last.
      const texts = [...names.slice(1), names[0]!].map((name) => textOf(join(folder, name)));
      for (const text of texts.slice(0, -1)) assert.ok(text.length >= MAX_SIZE, `${text.length} bytes`);
      const kept = numbers(wholeLines(texts.join("")));
      assertConsecutive(kept, kept[0]!, lines);
    },
  },
  {
    name: "a log that somebody has removed begins again",
    async run(node) {
      const command = sh("while true; do date; sleep 0.2; done");
      await using pod = await node.pods.run("removed", { containers: [{ name: "main", command }] });
      await pod.untilReady();
      const path = await logPath(node, pod);
      unlinkSync(path);
      await eventually(() => assert.ok(statSync(path).size > 0), 20);
      assert.match(await pod.log("main", "tailLines=1"), /\d\d:\d\d:\d\d/);
    },
  },
];

function textOf(path: string): string {
  const bytes = readFileSync(path);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
}
