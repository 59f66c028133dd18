import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Client, credentials, status } from "@grpc/grpc-js";
import { addLogFields, redirectLog } from "../log.ts";
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
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  const lines: Record<string, unknown>[] = [];
  const restore = redirectLog((line) => lines.push(JSON.parse(line)));
  t.after(async () => {
    restore();
    client.close();
    await server.close();
    rmSync(folder, { recursive: true });
  });
  const call = (method: keyof typeof cri.RuntimeService, request: object) =>
    new Promise<object>((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = cri.RuntimeService[method];
      const done = (error: Error | null, answer?: object) =>
        error ? reject(error) : resolve(answer as object);
      client.makeUnaryRequest(path, requestSerialize as never, responseDeserialize as never, request, done);
    });
  return { call, lines, server, socket };
}

test("a message and an encoded message are both answers", async (t) => {
  const { call, socket } = await serve(t, {
    Version: (request) => ({ version: request.version, runtimeName: "critter" }),
    ListPodSandbox: () => {
      const entry = cri.RuntimeService.ListPodSandbox.responseSerialize({ items: [{ id: "a" }] });
      return Buffer.concat([entry, entry]);
    },
  });
  assert.equal(statSync(socket).mode & 0o777, 0o660);
  assert.deepEqual(await call("Version", { version: "v1" }), {
    version: "v1",
    runtimeName: "critter",
    runtimeVersion: "",
    runtimeApiVersion: "",
  });
  const list = (await call("ListPodSandbox", {})) as { items: { id: string }[] };
  assert.deepEqual(
    list.items.map((item) => item.id),
    ["a", "a"],
  );
});

test("errors keep their code, and an RPC without a handler is UNIMPLEMENTED", async (t) => {
  const { call, lines } = await serve(t, {
    StopContainer: (request) => {
      addLogFields({ container_id: request.containerId });
      throw notFound("container", request.containerId);
    },
    StartContainer: () => {
      throw new Error("runc: exec format error");
    },
  });
  await assert.rejects(call("StopContainer", { containerId: "x" }), {
    code: status.NOT_FOUND,
    details: 'container "x" not found',
  });
  await assert.rejects(call("StartContainer", {}), {
    code: status.UNKNOWN,
    details: "runc: exec format error",
  });
  await assert.rejects(call("Attach", {}), { code: status.UNIMPLEMENTED });
  const [line] = lines;
  assert.equal(line?.rpc, "StopContainer");
  assert.equal(line?.container_id, "x");
  assert.equal(line?.code, "NOT_FOUND");
  assert.match(String(line?.request_id), /^[0-9a-f]{8}$/);
  assert.equal(typeof line?.duration_ms, "number");
});

test("closing waits for the calls under way and removes the socket", async (t) => {
  let release = () => {};
  const { call, server, socket } = await serve(t, {
    StopPodSandbox: () =>
      new Promise((resolve) => {
        release = () => resolve({});
      }),
  });
  const answer = call("StopPodSandbox", {});
  await call("Version", {}).catch(() => {});
  const closed = server.close();
  release();
  await Promise.all([answer, closed]);
  assert.equal(existsSync(socket), false);
});
