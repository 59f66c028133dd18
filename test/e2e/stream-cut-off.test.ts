import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { streamClient, TRANSPORTS } from "../stream-client/client.ts";
import { countCgroups } from "../support/cgroups.ts";
import { eventually } from "../support/eventually.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { inParallel } from "../support/parallel.ts";
import { processes, processesRootedIn } from "../support/processes.ts";
import { Random } from "../support/random.ts";
import { suite } from "../support/suite.ts";

const SESSIONS = 200;
/** At a time. */
const PARALLEL = 8;
/** Longest life of a session, in ms. */
const LIFE = 250;

/** The same sessions in each run; CRITTER_SEED gives others. */
const SEED = Number(process.env.CRITTER_SEED ?? 3);

type Counts = Record<string, number>;

const PROCESSES = "processes of containers";

describe("sessions that are cut off", () => {
  const parts = suite();

  it(`leave nothing: ${SESSIONS} at random points, seed ${SEED}`, async () => {
    await using pod = await livePod(parts.daemon);
    const script = "nc -ll -p 7001 -e cat & exec cat";
    const id = await pod.run({ command: ["sh", "-c", script], stdin: true });
    await eventually(async () => assert.match(await pod.sh(id, "netstat -ltn"), /:7001/), 20);
    const running = processesRootedIn(parts.daemon.folder).length;
    // Some of each kind first, for what is made once and kept.
    for (let at = 0; at < 12; at++) await cuts[at % cuts.length]!(pod, id, new Random(at));
    const before = await settled(running);
    await inParallel(SESSIONS, PARALLEL, (at) => {
      const random = new Random(SEED * 1000 + at);
      return random.pick(cuts)(pod, id, random);
    });
    await eventually(() => assert.deepEqual(more(held(), before), {}), 20);
    assert.equal(await pod.sh(id, "echo still there"), "still there");
  });

  const cuts: ((pod: LivePod, id: string, random: Random) => Promise<void>)[] = [
    killClient,
    resetSocket,
    cutWebSocket,
  ];

  async function killClient(pod: LivePod, id: string, random: Random): Promise<void> {
    const transport = random.pick(TRANSPORTS);
    const target = [
      ["exec", "-i", id, "cat"],
      ["exec", id, "sh", "-c", "trap '' HUP; yes"],
      ["exec", "-it", id, "sh"],
      ["exec", id, "sh", "-c", "setsid sleep 4321 & (sleep 4321 &) ; sleep 4321"],
      ["attach", "-i", id],
      ["port-forward", pod.id, "0:7001"],
    ][random.below(6)]!;
    const [command, ...rest] = target as [string, ...string[]];
    const args = [command, "--endpoint", parts.daemon.socket, "--transport", transport, ...rest];
    const child = spawn(streamClient(), args, { stdio: ["pipe", "ignore", "ignore"] });
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.stdin.on("error", () => {});
    child.stdin.write("some input\n");
    await sleep(random.below(LIFE));
    child.kill("SIGKILL");
    await ended;
  }

  /** Half a request, a whole one, or one with half a frame or nonsense after it; then a reset. */
  async function resetSocket(pod: LivePod, id: string, random: Random): Promise<void> {
    const url = new URL(await sessionUrl(pod, id, random));
    const socket = connect(Number(url.port), url.hostname);
    socket.on("error", () => {});
    socket.resume();
    const request = Buffer.from(
      `POST ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n` +
        `X-Stream-Protocol-Version: ${random.pick(["v4.channel.k8s.io", "portforward.k8s.io"])}\r\n\r\n`,
    );
    const length = random.below(2) === 0 ? random.below(request.length) : request.length;
    await write(socket, request.subarray(0, length));
    if (length === request.length) {
      await sleep(random.below(30));
      // A ping, a ping cut short, or nonsense.
      const ping = Buffer.from("80030006000000040000000100000000", "hex");
      const nonsense = random.bytes(64);
      await write(socket, [ping, ping.subarray(0, random.below(16)), nonsense][random.below(3)]!);
    }
    await sleep(random.below(LIFE));
    if (random.below(2) === 0) socket.destroy();
    else socket.resetAndDestroy();
  }

  async function cutWebSocket(pod: LivePod, id: string, random: Random): Promise<void> {
    const url = await sessionUrl(pod, id, random);
    const protocol = random.pick(["v5.channel.k8s.io", "v4.channel.k8s.io", "base64.channel.k8s.io"]);
    const socket = new WebSocket(url.replace(/^http/, "ws"), protocol);
    socket.on("error", () => {});
    socket.once("open", () => {
      socket.send(Buffer.concat([Buffer.from([random.below(6)]), Buffer.from("some input\n")]));
    });
    await sleep(random.below(LIFE));
    socket.terminate();
  }

  async function sessionUrl(pod: LivePod, containerId: string, random: Random): Promise<string> {
    const { runtime } = parts.daemon.client;
    const streams = { stdin: true, stdout: true, stderr: true };
    const calls = [
      () => runtime.Exec({ containerId, cmd: ["sh", "-c", "cat; sleep 4321"], ...streams }),
      () => runtime.Exec({ containerId, cmd: ["yes"], stdout: true, tty: true }),
      () => runtime.Attach({ containerId, ...streams }),
      () => runtime.PortForward({ podSandboxId: pod.id, port: [7001] }),
    ];
    return (await random.pick(calls)()).url;
  }

  /** What the daemon and the pod hold, counted by what it is, so that a failure names what is left. */
  function held(): Counts {
    const { pid, cgroupParent } = parts.daemon;
    const descriptors = readdirSync(`/proc/${pid}/fd`).map((fd) => kindOf(`/proc/${pid}/fd/${fd}`));
    const children = processes().filter((process) => parentOf(process.pid) === pid);
    return {
      ...countEach(descriptors),
      ...countEach(children.map(({ args }) => args.join(" "))),
      threads: readdirSync(`/proc/${pid}/task`).length,
      cgroups: countCgroups(cgroupParent),
      [PROCESSES]: processesRootedIn(parts.daemon.folder).length,
    };
  }

  /** What is held when no more processes run than `running` and nothing has changed for half a second. */
  function settled(running: number) {
    return eventually(async () => {
      const first = held();
      assert.equal(first[PROCESSES], running);
      await sleep(500);
      assert.deepEqual(held(), first);
      return first;
    }, 20);
  }
});

/** Of what there is more than before. A worker that nobody needs ends by itself, so there may be less. */
function more(now: Counts, before: Counts): Counts {
  return Object.fromEntries(Object.entries(now).filter(([name, count]) => count > (before[name] ?? 0)));
}

function kindOf(link: string): string {
  try {
    return readlinkSync(link).replace(/\d+/g, "N");
  } catch {
    return "gone";
  }
}

function countEach(names: string[]): Counts {
  const counts: Counts = {};
  for (const name of names.sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(
      readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ")[1],
    );
  } catch {
    return undefined;
  }
}

/** Settles when the bytes are on their way, or cannot be. */
function write(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => socket.write(bytes, () => resolve()));
}
