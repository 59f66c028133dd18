import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryOf } from "../../bench/memory.ts";
import { PortForward, StreamClient, TRANSPORTS, type Transport } from "../stream-client/client.ts";
import { eventually } from "../support/eventually.ts";
import { type LivePod, livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const MEBIBYTE = 1 << 20;

/** Most that the daemon may grow while nobody reads. */
const GROWTH = 32 * MEBIBYTE;

/** Most that may be under way: the kernel's socket buffers at both ends, pipes, and what the daemon holds. */
const UNDER_WAY = 48 * MEBIBYTE;

/** Writes without end, and notes in /tmp/written how many mebibytes. */
const WRITER = "n=0; while head -c 1048576 /dev/zero; do n=$((n + 1)); echo $n >/tmp/written; done";

describe("a client that does not read", { concurrency: 1 }, () => {
  const parts = suite();

  const resident = () => memoryOf(parts.daemon.pid)!.rss;

  for (const transport of TRANSPORTS) describe(`over ${transport}`, () => specify(transport));

  function specify(transport: Transport) {
    const start = (command: string, ...args: string[]) =>
      new StreamClient(parts.daemon.socket, command, "--transport", transport, ...args);

    for (const flags of [[], ["-it"]]) {
      it(`${["stops the output of exec", ...flags].join(" ")}, and takes it up again`, async () => {
        await using pod = await livePod(parts.daemon);
        const id = await pod.run();
        const before = resident();
        await using client = start("exec", ...flags, id, "sh", "-c", WRITER);
        client.stdout.removeAllListeners("data").resume();
        await assertStops(pod, id, client);
        assert.ok(resident() - before < GROWTH, `${before} bytes became ${resident()}`);
      });
    }

    it("stops the output of a container, for attach", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run({ command: ["sh", "-c", `read begin; ${WRITER}`], stdin: true });
      const before = resident();
      await using client = start("attach", "-i", id);
      client.stdout.removeAllListeners("data").resume();
      client.stdin.write("begin\n");
      await assertStops(pod, id, client);
      assert.ok(resident() - before < GROWTH, `${before} bytes became ${resident()}`);
    });

    it("stops what comes from a port", async () => {
      await using pod = await livePod(parts.daemon);
      const script = `exec nc -ll -p 7001 -e sh -c '${WRITER}'`;
      const id = await pod.run({ command: ["sh", "-c", script] });
      await eventually(() => pod.sh(id, "netstat -ltn | grep LISTEN"));
      await using session = await PortForward.start(parts.daemon.socket, transport, pod.id, 7001);
      const socket = connect(session.ports[0]!, "127.0.0.1");
      socket.on("error", () => {});
      await once(socket.resume(), "data");
      const before = resident();
      await assertStops(pod, id, session.client);
      assert.ok(resident() - before < GROWTH, `${before} bytes became ${resident()}`);
      socket.destroy();
    });

    it("is matched by a process that does not read", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      const before = resident();
      await using client = start("exec", "-i", id, "sh", "-c", "echo ready; exec sleep 4321");
      await client.says(/ready/);
      let taken = 0;
      const block = Buffer.alloc(MEBIBYTE);
      for (let stopped = false; !stopped && taken < 256; taken++) {
        if (client.stdin.write(block)) continue;
        stopped = await Promise.race([once(client.stdin, "drain").then(() => false), sleep(1500, true)]);
      }
      assert.ok(taken * MEBIBYTE < UNDER_WAY, `${taken} MiB were taken`);
      assert.ok(resident() - before < GROWTH, `${before} bytes became ${resident()}`);
    });
  }
});

/** Stops the client with a signal, sees that the writer stops too, and goes on when the client does. */
async function assertStops(pod: LivePod, id: string, client: StreamClient): Promise<void> {
  const written = async () => Number(await pod.sh(id, "cat /tmp/written"));
  await eventually(written);
  client.kill("SIGSTOP");
  try {
    const atStop = await written();
    const settled = await eventually(async () => {
      const [first] = [await written(), await sleep(500)];
      assert.equal(await written(), first, "it still writes");
      return first;
    }, 20);
    assert.ok(
      (settled - atStop) * MEBIBYTE < UNDER_WAY,
      `${settled - atStop} MiB were written after the stop`,
    );
    client.kill("SIGCONT");
    await eventually(async () => assert.ok((await written()) > settled + 100, "it goes on"), 20);
  } finally {
    client.kill("SIGCONT");
  }
}
