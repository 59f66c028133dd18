import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it, mock } from "node:test";
import { redirectLog } from "../log.ts";
import type { CommandProtocol } from "./negotiation.ts";
import { serveCommandOverSpdy } from "./remote-command-spdy.ts";
import type { CommandSession, TerminalSize } from "./session.ts";
import { ResetStatus } from "./spdy/frames.ts";
import { type SpdyPair, spdyPair } from "./spdy/test-client.test.ts";

type Run = CommandSession["run"];

function commandSession(run: Run, flags: Partial<CommandSession> = {}): CommandSession {
  return { kind: "exec", stdin: false, stdout: true, stderr: false, tty: false, ...flags, run };
}

/** Says what it reads from stdin, in capitals, and ends with `exitCode`. */
function shouting(exitCode: number): Run {
  return async ({ stdin, stdout }) => {
    for await (const chunk of stdin ?? []) stdout?.write(String(chunk).toUpperCase());
    return { exitCode };
  };
}

/** As the streaming server does it: the signal is aborted when the client's socket closes. */
function serve(
  pair: SpdyPair,
  session: CommandSession,
  protocol: CommandProtocol = "v4.channel.k8s.io",
): Promise<void> {
  const ending = new AbortController();
  pair.socket.once("close", () => ending.abort(new Error("the client is gone")));
  return serveCommandOverSpdy(session, pair.connection, protocol, ending.signal);
}

function open(pair: SpdyPair, ...types: string[]): number[] {
  return types.map((streamtype) => pair.client.open({ streamtype }));
}

describe("a command over SPDY", { timeout: 20_000 }, () => {
  let logged: string[] = [];
  let restoreLog = () => {};
  before(() => {
    restoreLog = redirectLog((line) => logged.push(line));
  });
  after(() => restoreLog());

  it("has its streams, and ends with a status", async () => {
    await using pair = await spdyPair();
    const served = serve(pair, commandSession(shouting(0), { stdin: true }));
    const [error = 0, stdin = 0, stdout = 0] = open(pair, "error", "stdin", "stdout");
    pair.client.write(stdin, "hello", true);
    assert.equal(await pair.client.output(stdout), "HELLO");
    assert.deepEqual(JSON.parse(await pair.client.output(error)), { metadata: {}, status: "Success" });
    pair.client.socket.end();
    await served;
  });

  it("tells its exit code by JSON since version 4, by text before", async () => {
    for (const [protocol, expected] of [
      ["v4.channel.k8s.io", /"reason":"ExitCode","message":"3"/],
      ["v3.channel.k8s.io", /^command terminated with non-zero exit code: exit status 3$/],
      ["channel.k8s.io", /^command terminated with non-zero exit code: exit status 3$/],
    ] as const) {
      await using pair = await spdyPair();
      const served = serve(pair, commandSession(shouting(3)), protocol);
      const [error = 0] = open(pair, "error", "stdout");
      assert.match(await pair.client.output(error), expected);
      pair.client.socket.end();
      await served;
    }
  });

  it("tells why it could not be run", async () => {
    await using pair = await spdyPair();
    const failing = () => Promise.reject(new Error("no such program"));
    const served = serve(pair, commandSession(failing));
    const [error = 0] = open(pair, "error", "stdout");
    const status = JSON.parse(await pair.client.output(error));
    assert.equal(status.reason, "InternalError");
    assert.match(status.message, /no such program/);
    pair.client.socket.end();
    await served;
  });

  it("learns the sizes of its terminal", async () => {
    await using pair = await spdyPair();
    const sizes: TerminalSize[] = [];
    const two = Promise.withResolvers<void>();
    const run: Run = async ({ onResize }) => {
      onResize((size) => {
        if (sizes.push(size) === 2) two.resolve();
      });
      await two.promise;
      return { exitCode: 0 };
    };
    const served = serve(pair, commandSession(run, { tty: true }));
    const [error = 0, , resize = 0] = open(pair, "error", "stdout", "resize");
    pair.client.write(resize, '{"Width":80,"Hei');
    pair.client.write(resize, 'ght":24}\n{"Width":100,"Height":30}\n');
    assert.match(await pair.client.output(error), /Success/);
    assert.deepEqual(sizes, [
      { width: 80, height: 24 },
      { width: 100, height: 30 },
    ]);
    pair.client.socket.end();
    await served;
  });

  it("goes on when its resize stream carries something else", async () => {
    await using pair = await spdyPair();
    const served = serve(pair, commandSession(shouting(0), { tty: true, stdin: true }));
    const [error = 0, stdin = 0, , resize = 0] = open(pair, "error", "stdin", "stdout", "resize");
    pair.client.write(resize, "no size}");
    await pair.client.until(() => pair.client.stream(resize).resetStatus !== undefined);
    assert.equal(pair.client.stream(resize).resetStatus, ResetStatus.protocolError);
    pair.client.end(stdin);
    assert.match(await pair.client.output(error), /Success/);
    pair.client.socket.end();
    await served;
  });

  it("refuses streams that are unexpected or there already, and says so once", async () => {
    await using pair = await spdyPair();
    logged = [];
    const served = serve(pair, commandSession(shouting(0), { stdin: true }));
    const [error = 0, again = 0, stderr = 0, unnamed = 0, stdin = 0] = open(
      pair,
      "error",
      "error",
      "stderr",
      "",
      "stdin",
    );
    for (const refused of [again, stderr, unnamed]) {
      await pair.client.output(refused);
      assert.equal(pair.client.stream(refused).resetStatus, ResetStatus.refusedStream);
    }
    assert.equal(logged.filter((line) => line.includes("not expected")).length, 1);
    open(pair, "stdout");
    pair.client.end(stdin);
    assert.match(await pair.client.output(error), /Success/);
    pair.client.socket.end();
    await served;
  });

  it("has no terminal's sizes before version 3", async () => {
    await using pair = await spdyPair();
    const served = serve(pair, commandSession(shouting(0), { tty: true }), "v2.channel.k8s.io");
    const [error = 0, resize = 0] = open(pair, "error", "resize", "stdout");
    assert.equal(await pair.client.output(error), "");
    assert.equal(pair.client.stream(resize).resetStatus, ResetStatus.refusedStream);
    pair.client.socket.end();
    await served;
  });

  it("is told when its client goes away", async () => {
    await using pair = await spdyPair();
    const started = Promise.withResolvers<void>();
    let reason = "";
    const run: Run = async (_streams, signal) => {
      started.resolve();
      if (!signal.aborted) await once(signal, "abort");
      reason = (signal.reason as Error).message;
      throw signal.reason;
    };
    const served = serve(pair, commandSession(run));
    open(pair, "error", "stdout");
    await started.promise;
    pair.client.socket.destroy();
    await served;
    assert.equal(reason, "the client is gone");
  });

  it("is not begun for a client that leaves before, or does not open its streams in time", async () => {
    const never: Run = () => assert.fail("begun");
    {
      await using pair = await spdyPair();
      const served = serve(pair, commandSession(never));
      open(pair, "error");
      pair.client.socket.destroy();
      await assert.rejects(served, /the client is gone/);
    }
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      await using pair = await spdyPair();
      const served = serve(pair, commandSession(never));
      const rejected = assert.rejects(served, /the client did not open stdout within 30 s/);
      const [error = 0] = open(pair, "error");
      await pair.client.until(() => pair.client.stream(error).replied);
      mock.timers.tick(30_000);
      await rejected;
      await pair.client.untilClosed();
    } finally {
      mock.timers.reset();
    }
  });
});
