import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { ScriptedServer } from "../../test/registry/scripted-server.ts";
import { readBounded } from "./body.ts";
import { HttpClient } from "./http.ts";

const options = { connectTimeout: 1000, idleTimeout: 1000 };
const plain = { headers: {}, insecure: false };

test("a connection is kept, and one the server closed meanwhile costs nothing", async () => {
  const connections = new Set<Socket>();
  await using server = await ScriptedServer.start((request, response) => {
    if (connections.has(request.socket) && connections.size === 1 && request.url === "/third")
      request.socket.destroy();
    else response.end(request.url);
    connections.add(request.socket);
  });
  const client = new HttpClient(options);
  for (const path of ["/first", "/second", "/third"]) {
    const { body } = await client.request(new URL(`http://${server.address}${path}`), plain);
    assert.equal((await readBounded(body, 100)).toString(), path);
  }
  assert.equal(connections.size, 2);
  await client.close();
});

test("the environment's proxy is used, but not for loopback", async () => {
  await using proxy = await ScriptedServer.start((_request, response) => response.end("from the proxy"));
  await using server = await ScriptedServer.start((_request, response) => response.end("direct"));
  process.env.HTTP_PROXY = `http://${proxy.address}`;
  const client = new HttpClient(options);
  try {
    for (const [url, expected] of [
      ["http://image.test/v2/", "from the proxy"],
      [`http://${server.address}/v2/`, "direct"],
    ] as const) {
      const { body } = await client.request(new URL(url), plain);
      assert.equal((await readBounded(body, 100)).toString(), expected);
    }
  } finally {
    delete process.env.HTTP_PROXY;
    await client.close();
  }
  assert.deepEqual(proxy.requests, ["GET http://image.test/v2/"]);
});

test("a server that accepts a connection and then says nothing is given up", async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = new HttpClient({ connectTimeout: 60, idleTimeout: 50 });
  const request = (scheme: string) => client.request(new URL(`${scheme}://127.0.0.1:${port}/`), plain);
  await assert.rejects(request("http"), { code: "ETIMEDOUT", message: "no data for 0.05 s" });
  await assert.rejects(request("https"), { code: "ETIMEDOUT", message: /^no (data|connection) for/ });
  await client.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test("a body over its limit is refused", async () => {
  await using server = await ScriptedServer.start((_request, response) => response.end("12345"));
  const client = new HttpClient(options);
  const { body } = await client.request(new URL(`http://${server.address}/`), plain);
  await assert.rejects(readBounded(body, 4), RangeError);
  await client.close();
});
