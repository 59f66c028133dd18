import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import {
  clientOf,
  descriptor,
  image,
  layer,
  sendHalf,
  sendLayer,
} from "../../test/registry/scripted-image.ts";
import { ScriptedServer } from "../../test/registry/scripted-server.ts";
import { parseReference } from "./reference.ts";

test("a blob whose connection breaks is taken up where it broke", async () => {
  let breaks = 3;
  await using server = await ScriptedServer.start((request, response) => {
    if (breaks-- > 0 && !request.headers.range) sendHalf(response);
    else sendLayer(request, response);
  });
  await using client = clientOf([server]);
  assert.deepEqual(await buffer(await client.blob(image, descriptor)), layer);
  assert.equal(server.requests.length, 2);
});

test("a registry that knows no Range sends all of it again", async () => {
  let breaks = 1;
  await using server = await ScriptedServer.start((_request, response) => {
    if (breaks-- > 0) sendHalf(response);
    else response.writeHead(200, { "content-length": layer.length }).end(layer);
  });
  await using client = clientOf([server]);
  assert.deepEqual(await buffer(await client.blob(image, descriptor)), layer);
});

test("a mirror that breaks off each time is left for the next", async () => {
  await using mirror = await ScriptedServer.start((_request, response) => sendHalf(response));
  await using server = await ScriptedServer.start(sendLayer);
  await using client = clientOf([mirror, server]);
  assert.deepEqual(await buffer(await client.blob(image, descriptor)), layer);
  assert.equal(mirror.requests.length, 1);
});

test("a blob that breaks again and again fails with the byte it reached", async () => {
  await using server = await ScriptedServer.start((_request, response) => sendHalf(response));
  await using client = clientOf([server]);
  await assert.rejects(buffer(await client.blob(image, descriptor)), {
    code: status.UNAVAILABLE,
    message: /breaks off at byte 100000 of 200000/,
  });
});

test("a blob of another length is refused before and while it is read", async () => {
  await using server = await ScriptedServer.start(({ url }, response) => {
    if (url?.includes("/told/")) response.writeHead(200, { "content-length": 5 }).end("12345");
    else response.writeHead(200).end(Buffer.concat([layer, layer]));
  });
  await using client = clientOf([server]);
  await assert.rejects(client.blob(parseReference("image.test/told/app"), descriptor), {
    code: status.DATA_LOSS,
    message: /offers 5 bytes/,
  });
  await assert.rejects(buffer(await client.blob(image, descriptor)), {
    code: status.DATA_LOSS,
    message: /more than its 200000 bytes/,
  });
});

test("a stream nobody reads lets go of its connection", async () => {
  let closed: () => void;
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  await using server = await ScriptedServer.start((_request, response) => {
    response.once("close", closed).writeHead(200, { "content-length": layer.length }).write("12345");
  });
  await using client = clientOf([server]);
  (await client.blob(image, descriptor)).destroy();
  await gone;
});
