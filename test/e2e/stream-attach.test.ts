import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamClient, TRANSPORTS, type Transport } from "../stream-client/client.ts";
import { TerminalClient } from "../stream-client/terminal-client.ts";
import { outcome } from "../support/cri.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { containerStatus } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

describe("Attach", { concurrency: 4 }, () => {
  const parts = suite();

  for (const transport of TRANSPORTS)
    describe(`over ${transport}`, { concurrency: 4 }, () => specify(transport));

  function specify(transport: Transport) {
    const attach = (...args: string[]) =>
      new StreamClient(parts.daemon.socket, "attach", "--transport", transport, ...args);

    it("shows the output from now on, both streams apart, and hands on standard input", async () => {
      await using pod = await livePod(parts.daemon);
      const script = "echo before; while read line; do echo out $line; echo err $line >&2; done";
      const id = await pod.run({ command: ["sh", "-c", script], stdin: true });
      await using client = attach("-i", id);
      client.stdin.write("one\n");
      await client.says(/out one\n/);
      client.stdin.write("two\n");
      await client.says(/out two\n/);
      await parts.daemon.client.runtime.StopContainer({ containerId: id, timeout: 0 });
      const { stdout, stderr } = await client.ended;
      assert.equal(stdout.toString(), "out one\nout two\n");
      assert.match(stderr, /^err one\nerr two\n/);
    });

    it("leaves standard input open for the next client", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run({ command: ["cat"], stdin: true });
      for (const word of ["first", "second"]) {
        await using client = attach("-i", id);
        client.stdin.end(`${word}\n`);
        await client.says(new RegExp(`${word}\\n`));
      }
      assert.equal((await containerStatus(parts.daemon, id)).state, "CONTAINER_RUNNING");
    });

    it("closes standard input with StdinOnce, when the first client closes its own", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run({ command: ["sh", "-c", "cat; exit 5"], stdin: true, stdinOnce: true });
      await using client = attach("-i", id);
      client.stdin.end("all there is");
      const { stdout } = await client.ended;
      assert.equal(stdout.toString(), "all there is");
      assert.equal((await pod.ended(id)).exitCode, 5);
    });

    it("closes standard input with StdinOnce, when the first client is killed", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run({ command: ["cat"], stdin: true, stdinOnce: true });
      const client = attach("-i", id);
      client.stdin.write("hello\n");
      await client.says(/hello/);
      client.kill();
      assert.equal((await pod.ended(id)).exitCode, 0);
    });

    it("shows the same to two clients at once; the container outlives both", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run({ command: ["cat"], stdin: true });
      await using one = attach("-i", id);
      await using two = attach("-i", id);
      for (const [client, word] of [
        [one, "one"],
        [two, "two"],
      ] as const) {
        client.stdin.write(`${word}\n`);
        await client.says(new RegExp(`${word}\\n`));
      }
      one.stdin.write("both\n");
      for (const client of [one, two]) await client.says(/both\n/);
      one.kill();
      await one.ended;
      two.stdin.write("still\n");
      await two.says(/still\n/);
      two.kill();
      await two.ended;
      assert.equal((await containerStatus(parts.daemon, id)).state, "CONTAINER_RUNNING");
    });

    it("works in a terminal: keys, Ctrl-C, size", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run({ command: ["sh"], stdin: true, tty: true });
      const size = { width: 90, height: 30 };
      const args = ["--transport", transport, "-it", id];
      await using terminal = new TerminalClient(size, parts.daemon.socket, "attach", ...args);
      await assertSize(terminal, "30 90");
      terminal.resize({ width: 211, height: 77 });
      await assertSize(terminal, "77 211");
      terminal.type("sleep 100\r");
      await eventually(async () => assert.notEqual(await pod.sh(id, "pgrep -x sleep || true"), ""));
      terminal.type("\x03");
      terminal.type("echo alive $?\r");
      await terminal.shows(/\nalive 130\r\n/);
      terminal.type("exit\r");
      await terminal.ended();
    });
  }

  it("needs a container that runs", async () => {
    const { runtime } = parts.daemon.client;
    await using pod = await livePod(parts.daemon);
    const { id } = await pod.finish({ command: ["true"] });
    const request = { stdout: true, stderr: true };
    assert.equal(await outcome(runtime.Attach({ ...request, containerId: id })), "FAILED_PRECONDITION");
    const unknown = "f".repeat(64);
    assert.equal(await outcome(runtime.Attach({ ...request, containerId: unknown })), "NOT_FOUND");
    const containerId = await pod.run();
    assert.equal(await outcome(runtime.Attach({ containerId })), "INVALID_ARGUMENT");
  });
});

/** The size arrives beside what is typed, not before it. */
async function assertSize(terminal: TerminalClient, expected: string): Promise<void> {
  await eventually(async () => {
    terminal.type("stty size\r");
    await terminal.shows(/\n\d+ \d+(?=\r\n)/);
    assert.match(terminal.text, new RegExp(`\\n${expected}\\r\\n`));
  });
}
