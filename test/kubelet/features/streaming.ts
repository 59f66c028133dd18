/** exec, attach, port-forward and logs at the kubelet's own port, as the API server asks for them: over SPDY and WebSocket. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { WebSocket } from "ws";
import {
  PortForward,
  runClient,
  StreamClient,
  TRANSPORTS,
  type Transport,
} from "../../stream-client/client.ts";
import { TerminalClient } from "../../stream-client/terminal-client.ts";
import { HTTPD } from "../../support/configs.ts";
import { eventually } from "../../support/eventually.ts";
import type { Feature } from "../feature.ts";
import { FollowedLog } from "../node/kubelet-follow.ts";
import type { KubeletNode } from "../node/kubelet-node.ts";
import type { ContainerSpec, Pod } from "../node/kubernetes.ts";
import type { StaticPod } from "../node/static-pods.ts";

const MIB = 1024 * 1024;

interface Session {
  node: KubeletNode;
  pod: StaticPod;
  known: Pod;
  /** The kubelet's URL. */
  url: string;
  /** NAMESPACE/POD. */
  target: string;
}

/** A pod of one container, `main`, and where the kubelet streams for it. */
function session(
  name: string,
  container: Partial<ContainerSpec>,
  work: (session: Session) => Promise<void>,
): Feature {
  return {
    name,
    async run(node) {
      const containers = [{ name: "main", ...container }];
      await using pod = await node.pods.run("streams", { containers });
      const known = await pod.untilReady();
      const url = `https://127.0.0.1:${node.kubelet.api.port}`;
      await work({ node, pod, known, url, target: `${known.metadata.namespace}/${known.metadata.name}` });
    },
  };
}

const shell = (script: string) => ["sh", "-c", script];

function execFeatures(transport: Transport): Feature[] {
  const options = ["--transport", transport];
  return [
    session(`exec: output, error and exit code (${transport})`, {}, async ({ url, target }) => {
      const command = shell("echo out; echo err >&2; exit 7");
      const { stdout, stderr, code } = await runClient(url, [
        "exec",
        ...options,
        `${target}/main`,
        ...command,
      ]);
      assert.deepEqual([stdout.toString(), stderr, code], ["out\n", "err\n", 7]);
    }),
    session(`exec: input and output of 16 MiB (${transport})`, {}, async ({ url, target }) => {
      const input = Buffer.alloc(16 * MIB, "0123456789abcdef\n");
      const sum = createHash("sha256").update(input).digest("hex");
      const args = ["exec", "-i", ...options, `${target}/main`] as const;
      const there = await runClient(url, [...args, "sha256sum"], input);
      assert.equal(there.stdout.toString().slice(0, 64), sum);
      const back = await runClient(url, [...args, "cat"], input);
      assert.equal(createHash("sha256").update(back.stdout).digest("hex"), sum);
    }),
    session(`exec with a terminal, which can be resized (${transport})`, {}, async ({ url, target }) => {
      const args = ["-i", "-t", ...options, `${target}/main`, "sh"];
      await using client = new TerminalClient({ width: 80, height: 24 }, url, "exec", ...args);
      client.type("stty size\r");
      await client.shows(/24 80/);
      client.resize({ width: 100, height: 30 });
      await eventually(async () => {
        client.type("stty size\r");
        await client.shows(/30 100/);
      });
      client.type("exit 5\r");
      assert.equal(await client.ended(), 5);
    }),
    session(`exec of what is not there (${transport})`, {}, async ({ url, target }) => {
      const { code, stderr } = await runClient(url, [
        "exec",
        ...options,
        `${target}/main`,
        "no-such-program",
      ]);
      assert.notEqual(code, 0);
      assert.match(stderr, /no-such-program/);
    }),
    session(
      `attach: what is typed reaches the container, and its output comes back (${transport})`,
      { stdin: true, command: shell("while read line; do echo got $line; done") },
      async ({ url, target }) => {
        await using client = new StreamClient(url, "attach", "-i", ...options, `${target}/main`);
        // What is typed before the session is open waits for it.
        client.stdin.write("one\n");
        await client.says(/got one\n/);
        client.stdin.write("two\n");
        await client.says(/got two\n/);
      },
    ),
    session(`port-forward, several connections at once (${transport})`, { image: HTTPD }, async (at) => {
      await using forward = await PortForward.start(at.url, transport, at.target, 80);
      const asked = Array.from({ length: 8 }, () => forward.ask(0, "GET / HTTP/1.0\r\n\r\n"));
      for (const answer of await Promise.all(asked))
        assert.match(answer.toString(), /200 OK.*Welcome to nginx!/s);
    }),
  ];
}

/** What the channels of an exec over a WebSocket of the older protocol brought. */
function execByChannels(url: string, target: string, protocol: string): Promise<Map<number, string>> {
  const words = shell("echo out; echo err >&2").map((word): [string, string] => ["command", word]);
  const query = new URLSearchParams([...words, ["output", "1"], ["error", "1"]]);
  const address = `${url.replace("https", "wss")}/exec/${target}/main?${query}`;
  const socket = new WebSocket(address, protocol, { rejectUnauthorized: false });
  const channels = new Map<number, string>();
  return new Promise((resolve, reject) => {
    socket.on("message", (message: Buffer) => {
      const channel = message[0]!;
      channels.set(channel, (channels.get(channel) ?? "") + message.subarray(1).toString());
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(channels));
  });
}

/** Two lines and a third, each a second after the other. */
const THREE_LINES = shell("echo one; sleep 1.1; echo two >&2; sleep 1.1; echo three; sleep inf");

export const features: readonly Feature[] = [
  ...TRANSPORTS.flatMap(execFeatures),
  session("exec over a WebSocket of v4.channel.k8s.io", {}, async ({ url, target }) => {
    const channels = await execByChannels(url, target, "v4.channel.k8s.io");
    assert.equal(channels.get(1), "out\n");
    assert.equal(channels.get(2), "err\n");
    assert.equal(JSON.parse(channels.get(3)!).status, "Success");
  }),
  session("/run, which is ExecSync", {}, async ({ node, target }) => {
    const { status, body } = await node.kubelet.api.request("POST", `/run/${target}/main?cmd=echo%20run`);
    assert.deepEqual([status, body], [200, "run\n"]);
  }),
  session(
    "logs: all, the last lines, since, with times, so many bytes",
    { command: THREE_LINES },
    async ({ pod }) => {
      await eventually(async () => assert.equal(await pod.log("main"), "one\ntwo\nthree\n"));
      assert.equal(await pod.log("main", "tailLines=2"), "two\nthree\n");
      assert.equal(await pod.log("main", "tailLines=0"), "");
      assert.equal(await pod.log("main", "limitBytes=5"), "one\nt");
      const timed = (await pod.log("main", "timestamps=true")).trimEnd().split("\n");
      for (const line of timed) assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z (one|two|three)$/);
      const second = encodeURIComponent(timed[1]!.split(" ")[0]!);
      assert.equal(await pod.log("main", `sinceTime=${second}`), "two\nthree\n");
    },
  ),
  session(
    "logs -f, until the container ends",
    { command: shell("for n in 1 2 3 4 5; do echo $n; sleep 0.5; done") },
    async (at) => {
      await using followed = new FollowedLog(at.node.kubelet.api.port, at.known, "main");
      assert.match(await followed.ended, /^1\n2\n3\n4\n5\n/);
    },
  ),
  session("a session ends with its client, and its command with it", {}, async ({ url, target, pod }) => {
    for (const transport of TRANSPORTS) {
      const client = new StreamClient(url, "exec", "-i", "--transport", transport, `${target}/main`, "cat");
      client.stdin.write("there\n");
      await client.says(/there/);
      client.kill();
      await client.ended;
      await eventually(async () => assert.equal(await pod.sh("main", "pgrep -x cat || echo none"), "none"));
    }
  }),
];
