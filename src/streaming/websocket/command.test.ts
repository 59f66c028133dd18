import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { after, describe, it } from "node:test";
import type { CommandSession, TerminalSize } from "../session.ts";
import { shell, TestServer } from "./test-bed.test.ts";

const success = { metadata: {}, status: "Success" };

describe("serveCommand", () => {
  const servers: TestServer[] = [];
  const serve = async (session: CommandSession) => {
    const server = await TestServer.listen(() => session);
    servers.push(server);
    return server;
  };
  after(() => Promise.all(servers.map((server) => server.close())));

  it("carries stdin, stdout and stderr, and closes when the command has ended", async () => {
    const server = await serve(shell("read line; echo out $line; echo err $line >&2"));
    const client = await server.connect("v4.channel.k8s.io");
    assert.equal(client.subprotocol, "v4.channel.k8s.io");
    client.send(0, "hello\n");
    assert.equal(await client.closed, 1000);
    assert.equal(client.text(1), "out hello\n");
    assert.equal(client.text(2), "err hello\n");
    assert.deepEqual(JSON.parse(client.text(3)), success);
    await server.served[0];
  });

  it("announces itself by an empty message on the first channel that the client reads", async () => {
    for (const [streams, channel] of [
      [{ stdout: true, stderr: true }, 1],
      [{ stdout: false, stderr: true }, 2],
      [{ stdout: false, stderr: false }, 3],
    ] as const) {
      const server = await serve({ ...shell("true"), ...streams, run: async () => ({ exitCode: 0 }) });
      const client = await server.connect("v4.channel.k8s.io");
      await client.until(() => client.messages.length > 0);
      assert.deepEqual(client.messages[0], Buffer.of(channel));
    }
  });

  it("ends stdin alone when a client of v5 closes its channel", async () => {
    const server = await serve(shell("wc -c"));
    const client = await server.connect("v5.channel.k8s.io");
    client.send(0, Buffer.alloc(100_000));
    client.send(255, Buffer.of(0));
    client.send(0, "too late");
    assert.equal(await client.closed, 1000);
    assert.equal(client.text(1).trim(), "100000");
  });

  it("speaks base64 by text messages", async () => {
    const server = await serve(shell("head -c 3"));
    const client = await server.connect("v4.base64.channel.k8s.io");
    client.ws.send(`0${Buffer.from([0xff, 0, 0x80]).toString("base64")}`);
    assert.equal(await client.closed, 1000);
    assert.deepEqual(client.messages, [
      "1",
      `1${Buffer.from([0xff, 0, 0x80]).toString("base64")}`,
      `3${Buffer.from(JSON.stringify(success)).toString("base64")}`,
    ]);
  });

  it("tells the exit code: as a Status since v4, before as text and only of a failure", async () => {
    const server = await serve(shell("exit 42"));
    const client = await server.connect("v5.channel.k8s.io");
    await client.closed;
    assert.equal(JSON.parse(client.text(3)).details.causes[0].message, "42");
    for (const offer of ["channel.k8s.io", undefined]) {
      const old = await server.connect(offer);
      assert.equal(old.subprotocol, offer);
      await old.closed;
      assert.equal(old.text(3), "command terminated with non-zero exit code: exit status 42");
    }
    const content = await (await serve(shell("true"))).connect("channel.k8s.io");
    assert.equal(await content.closed, 1000);
    assert.deepEqual(content.messages, [Buffer.of(1)]);
  });

  it("tells why a command could not run", async () => {
    const run = () => Promise.reject(new Error("no such container"));
    const client = await (await serve(shell("", { run }))).connect("v5.channel.k8s.io");
    assert.equal(await client.closed, 1000);
    assert.match(JSON.parse(client.text(3)).message, /no such container/);
  });

  it("passes on the sizes of the terminal", async () => {
    const sizes: TerminalSize[] = [];
    const done = Promise.withResolvers<void>();
    const run: CommandSession["run"] = async ({ onResize }) => {
      onResize((size) => {
        sizes.push(size);
        if (sizes.length === 2) done.resolve();
      });
      await done.promise;
      return { exitCode: 0 };
    };
    const client = await (await serve(shell("", { tty: true, stderr: false, run }))).connect(
      "v5.channel.k8s.io",
    );
    client.send(4, '{"Width":80,"Height":24}\n');
    client.send(4, '{"Width":132,"Height":50}\n');
    assert.equal(await client.closed, 1000);
    assert.deepEqual(sizes, [
      { width: 80, height: 24 },
      { width: 132, height: 50 },
    ]);
  });

  it("takes text messages for bytes, as clients in Python send them", async () => {
    const client = await (await serve(shell("head -n 1"))).connect("v4.channel.k8s.io");
    client.ws.send("\0grüß\n");
    assert.equal(await client.closed, 1000);
    assert.equal(client.text(1), "grüß\n");
  });

  it("delivers all output of a command that ends long before its client has read it", async () => {
    const size = 8 * 1024 * 1024;
    const server = await serve(shell(`head -c ${size} /dev/zero; exit 7`));
    const client = await server.connect("v5.channel.k8s.io");
    client.ws.pause();
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.ws.resume();
    assert.equal(await client.closed, 1000);
    assert.equal(client.received(1).length, size);
    assert.equal(JSON.parse(client.text(3)).details.causes[0].message, "7");
  });

  it("takes no more from a command than a client reads", async () => {
    let taken = 0;
    const run: CommandSession["run"] = async ({ stdout }, signal) => {
      const chunk = Buffer.alloc(64 * 1024);
      while (!signal.aborted) {
        taken += chunk.length;
        if (stdout!.write(chunk)) await new Promise((resolve) => setImmediate(resolve));
        else await once(stdout!, "drain", { signal }).catch(() => {});
      }
      return { exitCode: 1 };
    };
    const server = await serve(shell("", { run }));
    const client = await server.connect("v5.channel.k8s.io");
    client.ws.pause();
    await standstill(() => taken);
    assert.ok(taken < 16 * 1024 * 1024, `${taken} bytes taken`);
    client.ws.terminate();
    await server.served[0];
  });

  it("takes no more from a client than a command reads, and tells it meanwhile that it lives", async (context) => {
    context.mock.timers.enable({ apis: ["setInterval"] });
    const release = Promise.withResolvers<void>();
    let total = 0;
    const run: CommandSession["run"] = async ({ stdin }) => {
      await release.promise;
      for await (const chunk of stdin!) total += chunk.length;
      return { exitCode: 0 };
    };
    const server = await serve(shell("", { run }));
    const client = await server.connect("v5.channel.k8s.io");
    const count = 512;
    const message = Buffer.alloc(64 * 1024);
    for (let index = 0; index < count; index++) client.send(0, message);
    client.send(255, Buffer.of(0));
    await standstill(() => client.ws.bufferedAmount);
    assert.ok(
      client.ws.bufferedAmount > 8 * 1024 * 1024,
      `${client.ws.bufferedAmount} bytes left with the client`,
    );
    const pong = once(client.ws, "pong");
    context.mock.timers.tick(5000);
    await pong;
    release.resolve();
    assert.equal(await client.closed, 1000);
    assert.equal(total, count * message.length);
  });

  it("ends the command when the client goes away, politely or not", async () => {
    const aborted: boolean[] = [];
    const run: CommandSession["run"] = async (_streams, signal) => {
      if (!signal.aborted) await once(signal, "abort");
      aborted.push(signal.aborted);
      return { exitCode: 137 };
    };
    const server = await serve(shell("", { run }));
    (await server.connect("v5.channel.k8s.io")).ws.close(1000);
    await server.served[0];
    (await server.connect("v5.channel.k8s.io")).ws.terminate();
    await server.served[1];
    assert.deepEqual(aborted, [true, true]);
    assert.equal(server.sockets.size, 0);
  });

  it("notices a client that went away while it was held back", async (context) => {
    context.mock.timers.enable({ apis: ["setInterval"] });
    const run: CommandSession["run"] = async (_streams, signal) => {
      if (!signal.aborted) await once(signal, "abort");
      return { exitCode: 137 };
    };
    const server = await serve(shell("", { run }));
    const client = await server.connect("v5.channel.k8s.io");
    for (let index = 0; index < 256; index++) client.send(0, Buffer.alloc(64 * 1024));
    await standstill(() => client.ws.bufferedAmount);
    client.ws.terminate();
    let over = false;
    server.served[0]!.then(() => {
      over = true;
    });
    while (!over) {
      context.mock.timers.tick(5000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it("discards what a command does not want to read", async () => {
    const run: CommandSession["run"] = async ({ stdin, stdout }) => {
      stdin!.destroy();
      const late = new PassThrough();
      late.pipe(stdout!, { end: false });
      setTimeout(() => late.end("done"), 20);
      await once(late, "end");
      return { exitCode: 0 };
    };
    const client = await (await serve(shell("", { run }))).connect("v5.channel.k8s.io");
    for (let index = 0; index < 64; index++) client.send(0, Buffer.alloc(64 * 1024));
    assert.equal(await client.closed, 1000);
    assert.equal(client.text(1), "done");
  });

  it("ends with code 1001 when the server stops", async () => {
    const server = await serve(shell("sleep 60"));
    const client = await server.connect("v5.channel.k8s.io");
    await client.until(() => client.messages.length > 0);
    server.stop();
    assert.equal(await client.closed, 1001);
    await server.served[0];
  });
});

/** Resolves when a number has not changed for a while. */
async function standstill(read: () => number): Promise<void> {
  for (let before = -1; before !== read(); ) {
    before = read();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
