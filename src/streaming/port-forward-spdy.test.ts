import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { servePortForward } from "./port-forward-spdy.ts";
import type { PortForwardSession } from "./session.ts";
import { type SpdyPair, spdyPair } from "./spdy/test-client.test.ts";

/** A port-forward from a client to a TCP server that does `serve` with each connection. */
interface Forwarding extends SpdyPair {
  port: number;
  done: Promise<void>;
  abort: AbortController;
  /** Sockets towards the server. */
  sockets: Socket[];
}

async function forwarding(serve: (socket: Socket) => void): Promise<Forwarding> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    serve(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const sockets: Socket[] = [];
  const session: PortForwardSession = {
    kind: "portforward",
    ports: [],
    pod: "default/web",
    async connect(port) {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      await once(socket, "connect");
      sockets.push(socket);
      return socket;
    },
  };
  const pair = await spdyPair();
  const abort = new AbortController();
  const done = servePortForward(session, pair.connection, abort.signal);
  return {
    ...pair,
    port: (server.address() as AddressInfo).port,
    done,
    abort,
    sockets,
    async [Symbol.asyncDispose]() {
      await pair[Symbol.asyncDispose]();
      await done;
      server.close();
    },
  };
}

/** Opens a pair of streams as Go's client does, and returns their ids. */
function openPair({ client, port }: Forwarding, requestid?: string): { error: number; data: number } {
  const headers = { port: String(port), ...(requestid === undefined ? {} : { requestid }) };
  const error = client.open({ streamtype: "error", ...headers });
  client.end(error);
  const data = client.open({ streamtype: "data", ...headers });
  return { error, data };
}

test("a connection carries bytes both ways, its halves ending one by one", async () => {
  await using forward = await forwarding(async (socket) => {
    const request = await buffer(socket);
    socket.end(`after your end: ${request}`);
  });
  const { client } = forward;
  const { error, data } = openPair(forward, "0");
  client.write(data, "hello");
  client.end(data);
  assert.equal(await client.output(data), "after your end: hello");
  assert.equal(await client.output(error), "");
  assert.equal(client.stream(data).resetStatus, undefined);
});

test("the server may end its half first", async () => {
  const received = Promise.withResolvers<string>();
  await using forward = await forwarding(async (socket) => {
    socket.end("greeting");
    received.resolve((await buffer(socket)).toString());
  });
  const { client } = forward;
  const { data } = openPair(forward, "0");
  assert.equal(await client.output(data), "greeting");
  client.write(data, "goes on", true);
  assert.equal(await received.promise, "goes on");
});

test("a refused port is reported on the error stream, and the next connection works", async () => {
  await using forward = await forwarding((socket) => socket.end("alive"));
  const { client } = forward;
  const unused = createServer().listen(0, "127.0.0.1");
  await once(unused, "listening");
  const { port } = unused.address() as AddressInfo;
  unused.close();
  await once(unused, "close");
  const refused = openPair({ ...forward, port }, "0");
  assert.equal(
    await client.output(refused.error),
    `cannot forward port ${port} to pod default/web: connect ECONNREFUSED 127.0.0.1:${port}`,
  );
  await client.output(refused.data);
  assert.equal(await client.output(openPair(forward, "1").data), "alive");
});

test("streams without a request id are paired by their order", async () => {
  await using forward = await forwarding((socket) => socket.end("paired"));
  const { client } = forward;
  assert.equal(await client.output(openPair(forward).data), "paired");
  assert.equal(await client.output(openPair(forward).data), "paired");
});

test("streams that name no port, no type, or what is there already are refused", async () => {
  await using forward = await forwarding((socket) => socket.end());
  const { client } = forward;
  const port = String(forward.port);
  const refused = [
    client.open({ streamtype: "data", port: "0", requestid: "0" }),
    client.open({ streamtype: "data", port: "65536", requestid: "0" }),
    client.open({ streamtype: "data", port: "http", requestid: "0" }),
    client.open({ streamtype: "stdin", port, requestid: "0" }),
    client.open({ port, requestid: "0" }),
  ];
  client.open({ streamtype: "data", port, requestid: "1" });
  refused.push(client.open({ streamtype: "data", port, requestid: "1" }));
  for (const id of refused) {
    await client.output(id);
    assert.equal(client.stream(id).resetStatus, 3);
  }
});

test("the client's reset resets the connection", async () => {
  const failed = Promise.withResolvers<string>();
  const received = Promise.withResolvers<void>();
  await using forward = await forwarding((socket) => {
    socket.on("data", () => received.resolve());
    socket.on("error", (error: NodeJS.ErrnoException) => failed.resolve(error.code ?? ""));
  });
  const { client } = forward;
  const { data, error } = openPair(forward, "0");
  client.write(data, "half of a requ");
  await received.promise;
  client.reset(data);
  assert.equal(await failed.promise, "ECONNRESET");
  assert.equal(await client.output(error), "");
});

test("a reset that follows the server's end, as Go's clients send it, only ends the connection", async () => {
  const ended = Promise.withResolvers<string>();
  await using forward = await forwarding((socket) => {
    socket.on("error", (error: NodeJS.ErrnoException) => ended.resolve(error.code ?? ""));
    socket.resume().on("end", () => ended.resolve("in order"));
    socket.end("all there is");
  });
  const { client } = forward;
  const { data } = openPair(forward, "0");
  assert.equal(await client.output(data), "all there is");
  client.reset(data);
  assert.equal(await ended.promise, "in order");
});

test("the server's reset resets the data stream", async () => {
  await using forward = await forwarding((socket) => {
    socket.once("data", () => socket.resetAndDestroy());
  });
  const { client } = forward;
  const { data, error } = openPair(forward, "0");
  client.write(data, "hello");
  await client.output(data);
  assert.equal(client.stream(data).resetStatus, 5);
  assert.equal(await client.output(error), "");
});

test("what a client sends to a server that has gone after its answer harms nobody", async () => {
  await using forward = await forwarding((socket) => {
    socket.end("x".repeat(1_000_000));
    socket.once("finish", () => socket.destroy());
  });
  const { client } = forward;
  const { data, error } = openPair(forward, "0");
  assert.equal((await client.output(data)).length, 1_000_000);
  for (let sent = 0; sent < 20; sent++) client.write(data, Buffer.alloc(100_000));
  client.end(data);
  assert.equal(await client.output(error), "");
});

test("fifty downloads at once arrive whole", async () => {
  const size = 1024 * 1024;
  await using forward = await forwarding(async (socket) => {
    const byte = Number(await buffer(socket));
    socket.end(Buffer.alloc(size, byte));
  });
  const { client } = forward;
  const pairs = Array.from({ length: 50 }, (_, index) => openPair(forward, String(index)));
  await Promise.all(
    pairs.map(async ({ data, error }, index) => {
      client.write(data, String(index), true);
      const received = await client.output(data);
      assert.ok(received === String.fromCharCode(index).repeat(size));
      assert.equal(await client.output(error), "");
      client.stream(data).data.length = 0;
    }),
  );
});

test("a client that stops reading stops the servers, and the daemon does not grow", async () => {
  let sent = 0;
  const chunk = Buffer.alloc(64 * 1024);
  await using forward = await forwarding((socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write(chunk)) sent += chunk.length;
      socket.once("drain", more);
    };
    more();
  });
  const { client } = forward;
  const pairs = Array.from({ length: 10 }, (_, index) => openPair(forward, String(index)));
  await client.until(() => pairs.every(({ data }) => client.stream(data).bytes > 0));
  client.socket.pause();
  await stable(() => sent);
  assert.ok(forward.socket.writableLength <= 10 * 130 * 1024, `${forward.socket.writableLength} bytes wait`);
  const before = sent;
  client.collect = false;
  client.socket.resume();
  await client.until(() => sent > before + 1024 * 1024);
});

test("an abort destroys every socket", async () => {
  const received = Promise.withResolvers<void>();
  await using forward = await forwarding((socket) => socket.on("data", () => received.resolve()));
  forward.client.write(openPair(forward, "0").data, "x");
  await received.promise;
  forward.abort.abort();
  await forward.done;
  assert.equal(forward.sockets.length, 1);
  assert.ok(forward.sockets.every((socket) => socket.destroyed));
});

/** Waits until a number grows no more. */
async function stable(read: () => number): Promise<void> {
  for (let before = -1; before !== read(); ) {
    before = read();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
