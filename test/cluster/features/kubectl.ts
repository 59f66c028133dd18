/** What kubectl does with a pod through the apiserver and the kubelet: exec, attach, logs, port-forward, cp, top. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { sh, thenForever } from "../../kubelet/node/manifest.ts";
import { BUSYBOX } from "../../support/configs.ts";
import type { Feature } from "../feature.ts";
import { atTerminal, COLUMNS, PROMPT, ROWS } from "../node/terminal.ts";

export const features: readonly Feature[] = [
  {
    name: "exec -it has a terminal of the right size, and the shell's exit code",
    async run(cluster) {
      await using namespace = await cluster.namespace("exec-terminal");
      await namespace.runPod("tried", { containers: [{ name: "main" }] });
      const { exitCode, screen } = await atTerminal(
        namespace.kubectl,
        ["exec", "-it", "tried", "--", "sh"],
        [
          [PROMPT, "tty"],
          [PROMPT, "stty size"],
          [PROMPT, "echo $((6 * 7)); exit 7"],
        ],
      );
      assert.match(screen, /^\/dev\/pts\/\d+$/m);
      assert.match(screen, new RegExp(`^${ROWS} ${COLUMNS}$`, "m"));
      assert.match(screen, /^42$/m);
      assert.equal(exitCode, 7, screen);
    },
  },
  {
    name: "exec takes what is piped to it, keeps both outputs apart and ends with the exit code",
    async run(cluster) {
      await using namespace = await cluster.namespace("exec-pipe");
      await namespace.runPod("tried", { containers: [{ name: "main" }] });
      const input = randomBytes(3_000_000);
      const script = "sha256sum | cut -c1-64; echo apart >&2; exit 3";
      const result = await namespace.kubectl.try(["exec", "-i", "tried", "--", "sh", "-c", script], {
        input,
      });
      const digest = createHash("sha256").update(input).digest("hex");
      assert.equal(result.stdout, `${digest}\n`);
      assert.match(result.stderr, /^apart$/m);
      assert.equal(result.exitCode, 3);
    },
  },
  {
    name: "run -i --rm attaches to the pod that it makes",
    async run(cluster) {
      await using namespace = await cluster.namespace("attach");
      const words = ["run", "tried", "-i", "--rm", "--quiet", "--restart=Never", `--image=${BUSYBOX}`];
      const script = "while read line; do echo heard $line; done";
      const said = await namespace.kubectl.run([...words, "--", "sh", "-c", script], {
        input: "one\ntwo\n",
      });
      assert.match(said, /heard one\nheard two/);
    },
  },
  {
    name: "logs -f tells each line as it is written, to the end of the pod",
    async run(cluster) {
      await using namespace = await cluster.namespace("logs");
      const command = thenForever(
        "mkfifo /tmp/say; while read line < /tmp/say; do echo $line; [ $line = end ] && exit 0; done",
      );
      const container = { name: "main", command };
      await namespace.runPod("tried", { restartPolicy: "Never", containers: [container] });
      const follower = namespace.kubectl.start(["logs", "--follow", "tried"]);
      const lines = createInterface({ input: follower.stdout! })[Symbol.asyncIterator]();
      const ended = new Promise((resolve) => follower.once("close", resolve));
      try {
        for (const word of ["one", "two", "three", "end"]) {
          await namespace.sh("tried", `echo ${word} > /tmp/say`);
          assert.equal((await lines.next()).value, word);
        }
        assert.equal(await ended, 0);
      } finally {
        follower.kill();
      }
      const tail = await namespace.kubectl.run(["logs", "tried", "--tail=2", "--timestamps"]);
      assert.match(tail, /^\d{4}-\S+Z three\n\d{4}-\S+Z end$/);
    },
  },
  {
    name: "logs --previous tells what the container before has written",
    async run(cluster) {
      await using namespace = await cluster.namespace("logs-previous");
      const command = thenForever("echo $RANDOM; [ -e /data/again ] || { touch /data/again; exit 1; }");
      await namespace.runPod("tried", {
        volumes: [{ name: "data", emptyDir: {} }],
        containers: [{ name: "main", command, volumeMounts: [{ name: "data", mountPath: "/data" }] }],
      });
      await namespace.kubectl.wait("jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/tried");
      const before = await namespace.kubectl.run(["logs", "tried", "--previous"]);
      assert.match(before, /^\d+$/);
      assert.notEqual(await namespace.kubectl.run(["logs", "tried"]), before);
    },
  },
  {
    name: "port-forward carries many connections at once, and large answers",
    async run(cluster) {
      await using namespace = await cluster.namespace("port-forward");
      const make = "mkdir /www; head -c 8000000 /dev/urandom > /www/large; echo small > /www/small";
      const command = thenForever(`${make}; httpd -p 127.0.0.1:8080 -h /www`);
      const readinessProbe = {
        exec: { command: sh("nc 127.0.0.1 8080 < /dev/null") },
        periodSeconds: 1,
      };
      await namespace.runPod("tried", { containers: [{ name: "main", command, readinessProbe }] });
      const forward = namespace.kubectl.start(["port-forward", "pod/tried", ":8080"]);
      const ended = new Promise((resolve) => forward.once("close", resolve));
      try {
        const { value } = await createInterface({ input: forward.stdout! })[Symbol.asyncIterator]().next();
        const [, port] = /127\.0\.0\.1:(\d+)/.exec(value!)!;
        const get = async (path: string) =>
          Buffer.from(await (await fetch(`http://127.0.0.1:${port}/${path}`)).arrayBuffer());
        const small = await Promise.all(Array.from({ length: 12 }, () => get("small")));
        for (const body of small) assert.equal(body.toString(), "small\n");
        const digest = createHash("sha256")
          .update(await get("large"))
          .digest("hex");
        assert.equal(await namespace.sh("tried", "sha256sum < /www/large | cut -c1-64"), digest);
      } finally {
        forward.kill();
        await ended;
      }
    },
  },
  {
    name: "cp copies files and folders both ways",
    async run(cluster) {
      await using namespace = await cluster.namespace("cp");
      const { kubectl } = namespace;
      await namespace.runPod("tried", { containers: [{ name: "main" }] });
      const folder = await mkdtemp(join(tmpdir(), "critter-cp-"));
      try {
        const large = randomBytes(4_000_000);
        await mkdir(join(folder, "there", "deep"), { recursive: true });
        await writeFile(join(folder, "there", "large"), large);
        await writeFile(join(folder, "there", "deep", "small"), "small\n");
        await kubectl.run(["cp", join(folder, "there"), "tried:/tmp/there"]);
        assert.equal(await namespace.sh("tried", "cat /tmp/there/deep/small"), "small");
        await kubectl.run(["cp", "tried:/tmp/there", join(folder, "back")]);
        assert.deepEqual(await readFile(join(folder, "back", "large")), large);
        assert.equal(await readFile(join(folder, "back", "deep", "small"), "utf8"), "small\n");
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  },
];
