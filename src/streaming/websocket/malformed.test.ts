import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { loopbackForward, shell, TestServer } from "./test-bed.test.ts";

describe("a message that means nothing", () => {
  let server: TestServer;
  before(async () => {
    const run = async (_streams: unknown, signal: AbortSignal) => {
      if (!signal.aborted) await once(signal, "abort");
      return { exitCode: 137 };
    };
    server = await TestServer.listen((url) => (url === "/ports" ? loopbackForward([1]) : shell("", { run })));
  });
  after(() => server.close());

  const cases: [string, string, Buffer | string, number, RegExp][] = [
    ["channel", "v4.channel.k8s.io", Buffer.of(5, 1), 1008, /channel is 5: 0 to 4 expected/],
    ["no channel", "v4.channel.k8s.io", Buffer.alloc(0), 1008, /names no channel/],
    ["close of no channel", "v5.channel.k8s.io", Buffer.of(255), 1008, /takes 2 bytes, not 1/],
    ["close of an unknown channel", "v5.channel.k8s.io", Buffer.of(255, 9), 1008, /channel is 9/],
    ["close before v5", "v4.channel.k8s.io", Buffer.of(255, 0), 1008, /channel is 255/],
    ["bad base64", "v4.base64.channel.k8s.io", "0Zm9v!", 1007, /channel 0 is not base64/],
    ["base64 channel below 0", "v4.base64.channel.k8s.io", "!Zm9v", 1008, /channel is -15/],
    ["bad size", "v5.channel.k8s.io", Buffer.from("\x04{]}"), 1007, /no terminal size/],
  ];
  for (const [name, subprotocol, message, code, reason] of cases) {
    it(`closes the connection and ends the command: ${name}`, async () => {
      const client = await server.connect(subprotocol);
      client.ws.send(message);
      assert.equal(await client.closed, code);
      assert.match((await server.served.at(-1))!.message, reason);
    });
  }

  it("closes the connection: longer than 32 MiB", async () => {
    const client = await server.connect("v5.channel.k8s.io");
    client.ws.send(Buffer.alloc(32 * 1024 * 1024 + 1));
    assert.equal(await client.closed, 1009);
    assert.match((await server.served.at(-1))!.message, /payload size/i);
  });

  it("closes the connection: text in a tunnel", async () => {
    const client = await server.connect("SPDY/3.1+portforward.k8s.io", "/ports");
    client.ws.send("text");
    assert.equal(await client.closed, 1003);
    assert.match((await server.served.at(-1))!.message, /text message/);
  });

  it("does not wait for ever for a client to answer the close frame", async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const client = await server.connect("v5.channel.k8s.io");
    client.ws.pause();
    client.ws.send(Buffer.of(9));
    let over = false;
    server.served.at(-1)!.then(() => {
      over = true;
    });
    while (!over) {
      context.mock.timers.tick(2000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.ws.terminate();
  });
});
