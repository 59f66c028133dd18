import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { after, describe, it } from "node:test";
import { WebSocket } from "ws";
import { acceptWebSocket } from "./accept.ts";
import { Client, loopbackForward, shell, TestServer } from "./test-bed.test.ts";

describe("acceptWebSocket", () => {
  const servers: TestServer[] = [];
  const serve = async (...parameters: Parameters<typeof TestServer.listen>) => {
    const server = await TestServer.listen(...parameters);
    servers.push(server);
    return server;
  };
  after(() => Promise.all(servers.map((server) => server.close())));

  const upgrade = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const ask = async (port: number, headers: Record<string, string>, path = "/") => {
    const request = get({ port, host: "127.0.0.1", path, headers: { ...upgrade, ...headers } });
    const [response] = await once(request, "response");
    return { status: response.statusCode, body: await text(response) };
  };

  it("takes the first offer that it speaks", async () => {
    const server = await serve(() => shell("true"));
    const client = await server.connect("v9.channel.k8s.io, v4.channel.k8s.io,v5.channel.k8s.io");
    assert.equal(client.subprotocol, "v4.channel.k8s.io");
    assert.equal(await client.closed, 1000);
  });

  it("refuses a client that offers nothing it speaks, and names both lists", async () => {
    const server = await serve(() => shell("true"));
    const { status, body } = await ask(server.port, { "Sec-WebSocket-Protocol": "v9.channel.k8s.io, chat" });
    assert.equal(status, 403);
    assert.match(body, /v9\.channel\.k8s\.io, chat.*v5\.channel\.k8s\.io, v4\.channel\.k8s\.io/);
    await server.served[0];
  });

  it("refuses a malformed handshake", async () => {
    const server = await serve(() => shell("true"));
    assert.equal((await ask(server.port, { "Sec-WebSocket-Key": "short" })).status, 400);
    await server.served[0];
  });

  it("refuses to forward ports that nobody names", async () => {
    const server = await serve(() => loopbackForward([]));
    const v4 = { "Sec-WebSocket-Protocol": "v4.channel.k8s.io" };
    assert.deepEqual(await ask(server.port, v4), {
      status: 400,
      body: "query parameter port is absent: which ports to forward?\n",
    });
    assert.deepEqual(await ask(server.port, v4, "/?ports=80,0"), {
      status: 400,
      body: 'query parameter port is "0": 1 to 65535 expected\n',
    });
  });

  it("settles when the client goes before the handshake", async () => {
    const server = await serve(() => shell("true"));
    const socket = connect(server.port, "127.0.0.1");
    const lines = Object.entries(upgrade).map(([name, value]) => `${name}: ${value}`);
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${lines.join("\r\n")}\r\n\r\n`);
    socket.destroy();
    await once(socket, "close");
    await Promise.all(server.served);
  });

  it("leaves the socket's timeout to the server", async () => {
    const http = createServer().listen(0, "127.0.0.1");
    await once(http, "listening");
    const served = new Promise<Socket>((resolve) => {
      http.on("upgrade", (request, socket: Socket, head) => {
        socket.setTimeout(50, () => socket.destroy());
        const run = async (_streams: unknown, signal: AbortSignal) => {
          if (!signal.aborted) await once(signal, "abort");
          return { exitCode: 1 };
        };
        const session = shell("", { run });
        acceptWebSocket(session, request, socket, head, new AbortController().signal).then(() =>
          resolve(socket),
        );
      });
    });
    const client = new Client(new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`));
    assert.equal(await client.closed, 1006);
    assert.ok((await served).destroyed);
    http.close();
  });
});
