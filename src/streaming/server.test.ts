import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import { WebSocket } from "ws";
import { redirectLog, withLogFields } from "../log.ts";
import {
  ask,
  converse,
  defaults,
  dial,
  echo,
  endless,
  spdy,
  startServer,
  untilIdle,
  v4,
} from "./fixtures.test.ts";
import { StreamServer } from "./server.ts";
import type { PortForwardSession } from "./session.ts";
import { controlWithFlags, FrameType, words } from "./spdy/frames.ts";
import { HeaderEncoder } from "./spdy/header-block.ts";
import { SpdyTestClient } from "./spdy/test-client.test.ts";

describe("StreamServer", { timeout: 60_000 }, () => {
  let lines: Record<string, unknown>[] = [];
  let restoreLog = () => {};
  let server: Awaited<ReturnType<typeof startServer>>;
  before(async () => {
    restoreLog = redirectLog((line) => lines.push(JSON.parse(line)));
    server = await startServer();
  });
  beforeEach(() => {
    lines = [];
  });
  after(async () => {
    await server.close();
    restoreLog();
  });

  it("serves a session at its URL, and logs its end with the fields of the RPC", async () => {
    const url = withLogFields({ rpc: "Exec", container_id: "c1" }, () => server.url(echo()));
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/exec\/[\w-]{22}$/);
    assert.deepEqual(server.counts, { outstanding: 1, sessions: 0 });
    const { response, socket } = await ask(`${url}?query=ignored`, v4);
    assert.equal(response.headers["x-stream-protocol-version"], "v4.channel.k8s.io");
    assert.equal(response.headers.upgrade, "SPDY/3.1");
    assert.deepEqual(server.counts, { outstanding: 0, sessions: 1 });
    const none = { open: 0, opened: 0 };
    assert.deepEqual(server.sessions, { exec: { open: 1, opened: 1 }, attach: none, portforward: none });
    const client = new SpdyTestClient(socket as Socket);
    assert.equal(await converse(client, "hello"), "hello");
    client.socket.end();
    await untilIdle(server);
    assert.deepEqual(server.sessions.exec, { open: 0, opened: 1 });
    const { time: _time, duration_ms: _duration, ...logged } = lines.at(-1) ?? {};
    assert.deepEqual(logged, {
      msg: "stream ended",
      level: "info",
      rpc: "Exec",
      container_id: "c1",
      kind: "exec",
      protocol: "v4.channel.k8s.io",
      exit_code: 0,
    });
  });

  it("takes what a client sends along with its request", async () => {
    const { hostname, port, pathname } = new URL(server.url(echo()));
    const socket = connect({ host: hostname, port: Number(port) });
    const headers = Object.entries(v4).map(([name, value]) => `${name}: ${value}\r\n`);
    const block = new HeaderEncoder().encode(new Map([["streamtype", "nonsense"]]));
    const opening = controlWithFlags(FrameType.synStream, 0, words(1, 0), Buffer.alloc(2), block);
    const asking = Buffer.from(`POST ${pathname} HTTP/1.1\r\nHost: x\r\n${headers.join("")}\r\n`);
    socket.write(Buffer.concat([asking, opening]));
    let answer = "";
    // The frame that refuses the stream is the only one that comes.
    while (!answer.endsWith("\x80\x03\x00\x03\x00\x00\x00\x08\x00\x00\x00\x01\x00\x00\x00\x03")) {
      answer += ((await once(socket, "data")) as [Buffer])[0].toString("latin1");
    }
    assert.match(answer, /^HTTP\/1\.1 101 /);
    socket.destroy();
    await untilIdle(server);
  });

  it("knows a URL once only, and by its whole path", async () => {
    const url = server.url(echo());
    (await dial(url)).socket.destroy();
    for (const gone of [url, url.replace(/[\w-]+$/, "unknown"), new URL("/", url).href]) {
      const { response, body } = await ask(gone, v4);
      assert.equal(response.statusCode, 404, gone);
      assert.match(body, /no session waits at this URL/);
    }
    const attach = await ask(server.url(echo()).replace("/exec/", "/attach/"), v4);
    assert.equal(attach.response.statusCode, 404);
    assert.equal((await ask(new URL("/exec/none", url).href, {})).response.statusCode, 404);
    assert.equal(server.counts.outstanding, 0);
    await untilIdle(server);
  });

  it("refuses what it does not speak, and says what it does", async () => {
    assert.equal((await ask(server.url(echo()), {})).response.statusCode, 400);
    const other = await ask(server.url(echo()), { connection: "Upgrade", upgrade: "h2c" });
    assert.equal(other.response.statusCode, 400);
    assert.match(other.body, /unable to upgrade to "h2c"/);
    const newer = await ask(server.url(echo()), {
      ...spdy,
      "x-stream-protocol-version": ["v9.channel.k8s.io", "v8.x"],
    });
    assert.equal(newer.response.statusCode, 403);
    assert.match(
      newer.body,
      /the client offers v9\.channel\.k8s\.io, v8\.x, the server speaks v4\.channel\.k8s\.io, v3/,
    );
    assert.match(
      String(newer.response.headers["x-accepted-stream-protocol-versions"]),
      /^v4\.channel\.k8s\.io, v3/,
    );
    assert.deepEqual(server.counts, { outstanding: 0, sessions: 0 });
  });

  it("assumes the first version for a client that offers none", async () => {
    const { response, socket } = await ask(server.url(echo()), spdy);
    assert.equal(response.statusCode, 101);
    assert.equal(response.headers["x-stream-protocol-version"], undefined);
    assert.equal(await converse(new SpdyTestClient(socket as Socket), "old"), "old");
    socket?.destroy();
    await untilIdle(server);
    assert.equal(lines.at(-1)?.protocol, "channel.k8s.io");
  });

  it("answers what is no request, and lives on", async () => {
    const { port } = new URL(server.url(echo()));
    for (const [sent, status] of [
      ["\x16\x03\x01\x00\xa5 TLS, say\r\n\r\n", 400],
      [`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`, 431],
    ] as const) {
      const socket = connect({ host: "127.0.0.1", port: Number(port) });
      socket.write(sent);
      let answer = "";
      for await (const chunk of socket) answer += chunk;
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    }
    const client = await dial(server.url(echo()));
    assert.equal(await converse(client, "alive"), "alive");
    client.socket.destroy();
    await untilIdle(server);
  });

  it("closes the connection of a client that sends a malformed frame, with one warning, and no other", async () => {
    const bystander = await dial(server.url(echo()));
    const client = await dial(server.url(echo()));
    // A control frame of SPDY/2, of a type that there is not.
    client.send(Buffer.from("8002006300000000", "hex"));
    await client.untilClosed();
    client.socket.destroy();
    assert.equal(await converse(bystander, "unharmed"), "unharmed");
    bystander.socket.destroy();
    await untilIdle(server);
    const warnings = lines.filter((line) => line.level === "warn");
    assert.equal(warnings.length, 1);
    assert.match(String(warnings[0]?.error), /SPDY/);
  });

  it("hands WebSockets over", async () => {
    const ws = new WebSocket(server.url(echo()).replace("http", "ws"), ["v5.channel.k8s.io"]);
    let output = "";
    ws.on("message", (message: Buffer) => {
      if (message[0] === 1) output += message.subarray(1).toString();
    });
    await once(ws, "open");
    ws.send(Buffer.from("\x00by message"));
    ws.send(Buffer.from([255, 0]));
    await once(ws, "close");
    assert.equal(output, "by message");
    await untilIdle(server);
    assert.equal(lines.at(-1)?.protocol, "websocket");
  });

  it("forwards ports", async () => {
    const echoing = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
    await once(echoing, "listening");
    const { port } = echoing.address() as { port: number };
    const session: PortForwardSession = {
      kind: "portforward",
      ports: [],
      pod: "pod",
      connect: async (wanted) => {
        const socket = connect({ host: "127.0.0.1", port: wanted, allowHalfOpen: true });
        await once(socket, "connect");
        return socket;
      },
    };
    const url = server.url(session);
    assert.match(url, /\/portforward\//);
    const { socket, response } = await ask(url, {
      ...spdy,
      "x-stream-protocol-version": "portforward.k8s.io",
    });
    assert.equal(response.headers["x-stream-protocol-version"], "portforward.k8s.io");
    const client = new SpdyTestClient(socket as Socket);
    const headers = { port: String(port), requestid: "0" };
    client.open({ ...headers, streamtype: "error" }, { fin: true });
    const data = client.open({ ...headers, streamtype: "data" });
    client.write(data, "through the port", true);
    assert.equal(await client.output(data), "through the port");
    client.socket.destroy();
    echoing.close();
    await untilIdle(server);
  });

  it("ends a command whose client goes away", async () => {
    const ended = Promise.withResolvers<void>();
    const client = await dial(server.url(endless(ended.resolve)));
    for (const streamtype of ["error", "stdin", "stdout"]) client.open({ streamtype });
    await client.until(() => client.frames.filter((frame) => frame.kind === "syn-reply").length === 3);
    client.socket.destroy();
    await ended.promise;
    await untilIdle(server);
    const { level, error } = lines.at(-1) ?? {};
    assert.deepEqual({ level, error }, { level: "info", error: "the client is gone" });
  });

  it("closes a connection that is idle", async () => {
    await using impatient = await startServer({ streamIdleTimeout: 20 });
    const client = await dial(impatient.url(endless()));
    for (const streamtype of ["error", "stdin", "stdout"]) client.open({ streamtype });
    await client.untilClosed();
    client.socket.destroy();
    await untilIdle(impatient);
    assert.match(
      String(lines.at(-1)?.error),
      /no byte came or went for 0\.02 s \(crio\.api\.stream_idle_timeout\)/,
    );
  });

  it("ends its sessions when it is closed, and takes no more", async () => {
    const closing = await startServer();
    let ended = 0;
    const clients = [];
    for (let count = 0; count < 3; count++) {
      const client = await dial(closing.url(endless(() => ended++)));
      const [error = 0] = ["error", "stdin", "stdout"].map((streamtype) => client.open({ streamtype }));
      await client.until(() => client.frames.filter((frame) => frame.kind === "syn-reply").length === 3);
      clients.push({ client, outcome: client.output(error) });
    }
    const url = closing.url(echo());
    for (const { client } of clients) client.socket.once("end", () => client.socket.end());
    await closing.close();
    assert.equal(ended, 3);
    for (const { outcome } of clients) assert.match(await outcome, /critter is stopping/);
    await assert.rejects(ask(url, v4), /ECONNREFUSED/);
    assert.equal(closing.counts.sessions, 0);
  });

  it("lets a limited number of connections wait", async () => {
    await using crowded = await startServer();
    const port = Number(new URL(crowded.url(echo())).port);
    const sockets: Socket[] = [];
    for (let count = 0; count < 512; count++) sockets.push(connect({ host: "127.0.0.1", port }));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    const late = connect({ host: "127.0.0.1", port });
    late.on("error", () => {});
    await once(late, "close");
    assert.ok(sockets.every((socket) => !socket.destroyed));
    for (const socket of sockets) socket.destroy();
  });

  it("names in its URLs an address that a client can use", async () => {
    await using all = await startServer({ streamAddress: "0.0.0.0" });
    assert.match(all.url(echo()), /^http:\/\/127\.0\.0\.1:\d+\//);
    await using six = await startServer({ streamAddress: "::1" });
    assert.match(six.url(echo()), /^http:\/\/\[::1\]:\d+\//);
    (await dial(six.url(echo()))).socket.destroy();
    await untilIdle(six);
    await using allSix = await startServer({ streamAddress: "::" });
    assert.match(allSix.url(echo()), /^http:\/\/\[::1\]:\d+\//);
  });

  it("says which keys are wrong when it cannot listen", async () => {
    const streamPort = Number(new URL(server.url(echo())).port);
    const second = new StreamServer({ ...defaults, streamPort });
    await assert.rejects(
      second.listen(),
      new RegExp(
        `crio\\.api\\.stream_address is "127\\.0\\.0\\.1" and crio\\.api\\.stream_port is "${streamPort}", .*EADDRINUSE`,
      ),
    );
  });
});
