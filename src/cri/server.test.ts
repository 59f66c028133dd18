import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, compressionAlgorithms, credentials, status } from "@grpc/grpc-js";
import { eventually } from "../../test/support/eventually.ts";
import { CriClient } from "../client/cri-client.ts";
import { addLogFields, redirectLog } from "../log.ts";
import { observe } from "../observation.ts";
import type { ImageServiceMethods, RuntimeServiceMethods } from "./messages.ts";
import { loadCri } from "./proto.ts";
import { CriServer, type Handlers } from "./server.ts";
import { notFound } from "./status-error.ts";

const cri = loadCri();

async function serve(
  t: TestContext,
  runtime: Handlers<RuntimeServiceMethods>,
  image: Handlers<ImageServiceMethods> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "critter-server-"));
  const socket = join(folder, "run", "critter.sock");
  const server = new CriServer(
    { socket, maxSendBytes: 1 << 20, maxReceiveBytes: 1 << 20 },
    runtime,
    image,
    cri,
  );
  await server.listen();
  const client = new CriClient(socket);
  const lines: Record<string, unknown>[] = [];
  const restore = redirectLog((line) => lines.push(JSON.parse(line)));
  t.after(async () => {
    restore();
    client.close();
    await server.close();
    rmSync(folder, { recursive: true });
  });
  return { client, lines, server, socket };
}

test("a message and an encoded message are both answers", async (t) => {
  const { client, socket } = await serve(t, {
    Version: (request) => ({ version: request.version, runtimeName: "critter" }),
    ListPodSandbox: () => {
      const entry = cri.RuntimeService.ListPodSandbox.responseSerialize({ items: [{ id: "a" }] });
      return Buffer.concat([entry, entry]);
    },
  });
  assert.equal(statSync(socket).mode & 0o777, 0o660);
  assert.deepEqual(await client.runtime.Version({ version: "v1" }), {
    version: "v1",
    runtimeName: "critter",
    runtimeVersion: "",
    runtimeApiVersion: "",
  });
  const list = await client.runtime.ListPodSandbox();
  assert.deepEqual(
    list.items.map((item) => item.id),
    ["a", "a"],
  );
});

test("a compressed request is not unpacked: UNIMPLEMENTED", async (t) => {
  const { socket } = await serve(t, { Version: () => ({ version: "v1" }) });
  const gzip = { "grpc.default_compression_algorithm": compressionAlgorithms.gzip };
  const compressing = new Client(`unix:${socket}`, credentials.createInsecure(), gzip);
  t.after(() => compressing.close());
  const { path, requestSerialize, responseDeserialize } = cri.RuntimeService.Version;
  const call = new Promise((resolve, reject) => {
    const request = { version: "v".repeat(1000) };
    compressing.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
  await assert.rejects(call, { code: status.UNIMPLEMENTED, details: /gzip: critter takes none/ });
});

test("errors keep their code, and an RPC without a handler is UNIMPLEMENTED", async (t) => {
  const { client, lines } = await serve(t, {
    StopContainer: (request) => {
      addLogFields({ container_id: request.containerId });
      throw notFound("container", request.containerId);
    },
    StartContainer: () => {
      throw new Error("runc: exec format error");
    },
  });
  await assert.rejects(client.runtime.StopContainer({ containerId: "x" }), {
    code: status.NOT_FOUND,
    message: 'container "x" not found',
  });
  await assert.rejects(client.runtime.StartContainer({}), {
    code: status.UNKNOWN,
    message: "runc: exec format error",
  });
  await assert.rejects(client.runtime.Attach({}), { code: status.UNIMPLEMENTED });
  const [line] = lines;
  assert.equal(line?.rpc, "StopContainer");
  assert.equal(line?.container_id, "x");
  assert.equal(line?.code, "NOT_FOUND");
  assert.match(String(line?.request_id), /^[0-9a-f]{8}$/);
  assert.equal(typeof line?.duration_ms, "number");
});

test("an error that is too long for a header, or no text, costs its call only", async (t) => {
  const errors = [`begins ${"x".repeat(1 << 20)} ends`, "\u20ac".repeat(1 << 16), "lone \ud800"];
  const { client } = await serve(t, {
    Version: ({ version }) => {
      throw new Error(errors[Number(version)]);
    },
    ListPodSandbox: async () => {
      await sleep(100);
      return {};
    },
  });
  const other = client.runtime.ListPodSandbox({});
  await assert.rejects(client.runtime.Version({ version: "0" }), {
    code: status.UNKNOWN,
    message: /^begins x{2993} \[… 1044588 characters …\] x{995} ends$/,
  });
  await assert.rejects(client.runtime.Version({ version: "1" }), /^\S+: €{3000} /);
  await assert.rejects(client.runtime.Version({ version: "2" }), /lone \ufffd/);
  assert.deepEqual(await other, { items: [] });
});

test("closing waits for the calls under way and removes the socket", async (t) => {
  let release = () => {};
  const { client, server, socket } = await serve(t, {
    StopPodSandbox: () =>
      new Promise((resolve) => {
        release = () => resolve({});
      }),
  });
  const answer = client.runtime.StopPodSandbox({});
  await client.runtime.Version({}).catch(() => {});
  const closed = server.close();
  release();
  await Promise.all([answer, closed]);
  assert.equal(existsSync(socket), false);
});

test("an answer larger than the limit is refused with the limit's name", async (t) => {
  const { client, lines } = await serve(t, {
    ListContainers: () => Buffer.alloc((1 << 20) + 1),
    Version: () => ({ version: "x".repeat(1 << 20) }),
  });
  await assert.rejects(client.runtime.ListContainers({}), {
    code: status.RESOURCE_EXHAUSTED,
    message: /ListContainers has 1048577 bytes, more than grpc_max_send_msg_size, 1048576.*Stream RPCs/,
  });
  await assert.rejects(client.runtime.Version({}), { code: status.RESOURCE_EXHAUSTED });
  assert.deepEqual(
    lines.map(({ msg, rpc }) => [msg, rpc]),
    [
      ["failed", "ListContainers"],
      ["failed", "Version"],
    ],
  );
});

test("what is looked for and not there is no error in the log", async (t) => {
  const absent = () => {
    throw notFound("container", "id");
  };
  const { client, lines } = await serve(t, { ContainerStatus: absent, StartContainer: absent });
  await assert.rejects(client.runtime.ContainerStatus({}), { code: status.NOT_FOUND });
  await assert.rejects(client.runtime.StartContainer({}), { code: status.NOT_FOUND });
  assert.deepEqual(
    lines.map(({ msg, rpc, level }) => [msg, rpc, level]),
    [["failed", "StartContainer", "error"]],
  );
});

test("a stream is taken no faster than its client reads, and is told when that one goes", async (t) => {
  let produced = 0;
  let reason: unknown;
  const { client } = await serve(t, {
    StreamContainers: async function* (_, signal) {
      signal.addEventListener("abort", () => (reason = signal.reason));
      for (;;) {
        produced++;
        yield { containers: [{ id: "x".repeat(100_000) }] };
      }
    },
  });
  const stream = client.runtime.StreamContainers();
  await stream.begun;
  await sleep(200);
  const unread = produced;
  assert.ok(unread < 50, `${unread} answers produced for nobody`);
  let read = 0;
  for await (const _ of stream) if (++read > unread + 5) break;
  await eventually(() => assert.match(String(reason), /the client has gone/));
});

test("an observer sees a stream as one call", async (t) => {
  const seen: unknown[] = [];
  t.after(
    observe({
      rpc: ({ method, streaming }) => ({ end: ({ code }) => seen.push([method, streaming, status[code]]) }),
    }),
  );
  const { client } = await serve(t, {
    StreamContainers: () => [{ containers: [] }, { containers: [] }],
    GetContainerEvents: () => {
      throw new Error("no");
    },
  });
  for await (const _ of client.runtime.StreamContainers());
  await assert.rejects(client.runtime.GetContainerEvents()[Symbol.asyncIterator]().next(), {
    code: status.UNKNOWN,
    message: "no",
  });
  await eventually(() =>
    assert.deepEqual(seen, [
      ["StreamContainers", true, "OK"],
      ["GetContainerEvents", true, "UNKNOWN"],
    ]),
  );
});

test("closing cuts streams off, also one that nobody reads", async (t) => {
  const { client, server } = await serve(t, {
    GetContainerEvents: async function* (_, signal) {
      await once(signal, "abort");
      yield {};
    },
    StreamContainers: async function* () {
      for (;;) yield { containers: [{ id: "x".repeat(100_000) }] };
    },
  });
  const [events, unread] = [client.runtime.GetContainerEvents(), client.runtime.StreamContainers()];
  await Promise.all([events.begun, unread.begun]);
  await server.close();
  await assert.rejects(events[Symbol.asyncIterator]().next(), {
    code: status.UNAVAILABLE,
    message: "critter is stopping",
  });
});
