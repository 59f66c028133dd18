import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import type { PortForwardSession } from "../session.ts";
import { loopbackForward, TestServer } from "./test-bed.test.ts";

describe("forwardChannels", () => {
  const servers: TestServer[] = [];
  const serve = async (session: PortForwardSession) => {
    const server = await TestServer.listen(() => session);
    servers.push(server);
    return server;
  };
  let echo: Server;
  const connections = new Set<Socket>();
  const portOf = (server: Server) => (server.address() as AddressInfo).port;

  before(async () => {
    echo = createServer((socket) => {
      connections.add(socket);
      socket.on("close", () => connections.delete(socket)).on("error", () => {});
      socket.pipe(socket);
    });
    echo.listen(0, "127.0.0.1");
    await once(echo, "listening");
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.close()));
    echo.close();
  });

  const littleEndian = (port: number) => [port & 0xff, port >> 8];

  it("carries each port on two channels that begin with its number", async () => {
    const port = portOf(echo);
    const server = await serve(loopbackForward([port, port]));
    const client = await server.connect("v4.channel.k8s.io");
    client.send(0, "zero");
    client.send(2, "two");
    await client.until(() => client.received(0).length === 6 && client.received(2).length === 5);
    assert.deepEqual([...client.received(0).subarray(0, 2)], littleEndian(port));
    assert.equal(client.received(0).subarray(2).toString(), "zero");
    assert.equal(client.received(2).subarray(2).toString(), "two");
    assert.deepEqual([...client.received(1)], littleEndian(port));
    assert.deepEqual([...client.received(3)], littleEndian(port));
    client.ws.close();
    await server.served[0];
    while (connections.size > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it("carries a hundred ports without a warning", async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on("warning", warn);
    const ports = Array.from({ length: 100 }, () => portOf(echo));
    const client = await (await serve(loopbackForward(ports))).connect("v4.channel.k8s.io");
    for (let channel = 0; channel < 200; channel += 2) client.send(channel, "x");
    await client.until(() => client.messages.length === 300);
    client.ws.close();
    await client.closed;
    process.off("warning", warn);
    assert.deepEqual(warnings, []);
  });

  it("speaks base64, and takes the ports of the query", async () => {
    const port = portOf(echo);
    const server = await serve(loopbackForward([]));
    const client = await server.connect("v4.base64.channel.k8s.io", `/?port=${port}`);
    client.ws.send(`0${Buffer.from("hello").toString("base64")}`);
    await client.until(() => client.messages.length === 3);
    const number = Buffer.from(littleEndian(port)).toString("base64");
    const data = Buffer.from("hello").toString("base64");
    assert.deepEqual(client.messages, [`0${number}`, `1${number}`, `0${data}`]);
  });

  it("reports a port that refuses on its error channel, and closes when no port is left", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const port = portOf(closed);
    await new Promise((resolve) => closed.close(resolve));
    const client = await (await serve(loopbackForward([port]))).connect();
    assert.equal(await client.closed, 1000);
    const told = client.received(1).subarray(2).toString();
    assert.match(told, new RegExp(`^cannot forward port ${port} to pod loopback: .*ECONNREFUSED`));
  });

  it("closes when the pod's side of the last connection ends, and loses nothing", async () => {
    const size = 4 * 1024 * 1024;
    const source = createServer((socket) => socket.end(Buffer.alloc(size, 7))).listen(0, "127.0.0.1");
    await once(source, "listening");
    const client = await (await serve(loopbackForward([portOf(source)]))).connect("v4.channel.k8s.io");
    assert.equal(await client.closed, 1000);
    assert.equal(client.received(0).length, 2 + size);
    source.close();
  });
});
