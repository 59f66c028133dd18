import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { after, before, describe, it } from "node:test";
import { createWebSocketStream } from "ws";
import { SpdyTestClient } from "../spdy/test-client.test.ts";
import { loopbackForward, TestServer } from "./test-bed.test.ts";

const subprotocol = "SPDY/3.1+portforward.k8s.io";

describe("forwardTunnel", () => {
  let echo: Server;
  let server: TestServer;
  before(async () => {
    echo = createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}).pipe(socket));
    echo.listen(0, "127.0.0.1");
    await once(echo, "listening");
    server = await TestServer.listen(() => loopbackForward([]));
  });
  after(async () => {
    await server.close();
    echo.close();
  });

  const connect = async () => {
    const client = await server.connect(subprotocol);
    assert.equal(client.subprotocol, subprotocol);
    const stream = createWebSocketStream(client.ws);
    return { client, spdy: new SpdyTestClient(stream) };
  };
  const portHeaders = (streamtype: string, requestid: number) => {
    const port = String((echo.address() as AddressInfo).port);
    return { streamtype, port, requestid: String(requestid) };
  };

  it("carries SPDY: several connections, with half-close", async () => {
    const { client, spdy } = await connect();
    const texts = ["one", "two", "three ".repeat(100_000)];
    const outputs = texts.map((text, index) => {
      spdy.open(portHeaders("error", index), { fin: true });
      const data = spdy.open(portHeaders("data", index));
      spdy.write(data, text, true);
      return spdy.output(data);
    });
    assert.deepEqual(await Promise.all(outputs), texts);
    client.ws.close(1000);
    await client.closed;
    assert.equal(await server.served.at(-1), undefined);
  });

  it("holds a client back whose data nobody takes", async () => {
    const { client, spdy } = await connect();
    spdy.collect = false;
    spdy.open(portHeaders("error", 0), { fin: true });
    const data = spdy.open(portHeaders("data", 0));
    await spdy.until(() => spdy.stream(data).replied);
    client.ws.pause();
    const piece = Buffer.alloc(64 * 1024);
    for (let written = 0; written < 64 * 1024 * 1024; written += piece.length) spdy.write(data, piece);
    let before = -1;
    while (before !== client.ws.bufferedAmount) {
      before = client.ws.bufferedAmount;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(
      spdy.socket.writableLength > 16 * 1024 * 1024,
      `${spdy.socket.writableLength} bytes left with the client`,
    );
    client.ws.terminate();
    await server.served.at(-1);
  });

  it("reports what breaks SPDY, and closes", async () => {
    const { client, spdy } = await connect();
    spdy.send(Buffer.from([0x80, 9, 0, 1, 0, 0, 0, 0]));
    await client.closed;
    assert.match((await server.served.at(-1))!.message, /SPDY/);
  });

  it("closes when the server stops", async () => {
    const other = await TestServer.listen(() => loopbackForward([]));
    const client = await other.connect(subprotocol);
    await other.close();
    assert.equal(await client.closed, 1001);
  });
});
