import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import {
  clientOf,
  descriptor,
  image,
  layer,
  sendHalf,
  sendLayer,
} from "../../test/registry/scripted-image.ts";
import { type Script, ScriptedServer } from "../../test/registry/scripted-server.ts";
import { redirectLog } from "../log.ts";
import { digestOf } from "./digest.ts";
import { EndpointTrust } from "./endpoint-trust.ts";
import { WrongDigestError, wholeBlob } from "./whole-blob.ts";

let lines: string[] = [];
after(redirectLog((line) => void lines.push(line)));

const wrong = Buffer.alloc(layer.length, "x");
const sendWrong: Script = ({ headers }, response) => {
  const from = Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
  const rest = wrong.subarray(from);
  const range = { "content-range": `bytes ${from}-${wrong.length - 1}/${wrong.length}` };
  response.writeHead(from ? 206 : 200, { "content-length": rest.length, ...range }).end(rest);
};
const sendWrongHalf: Script = (_request, response) => {
  response.writeHead(200, { "content-length": layer.length });
  response.write(wrong.subarray(0, layer.length / 2), () => response.destroy());
};
/** A pull of the layer from servers that do as the scripts say, and how often each is asked. */
async function pull(scripts: Script[]) {
  lines = [];
  const servers = await Promise.all(scripts.map((script) => ScriptedServer.start(script)));
  await using client = clientOf(servers, { rounds: 1 });
  const bytes = await wholeBlob(client, image, descriptor, {}).catch((error: Error) => error);
  for (const server of servers) await server[Symbol.asyncDispose]();
  return { bytes, asked: servers.map(({ requests }) => requests.length), servers };
}

test("a wrong blob is asked for at each endpoint in turn, and the log names those that are passed over", async () => {
  const { bytes, asked, servers } = await pull([sendWrong, sendWrong, sendLayer]);
  assert.deepEqual(bytes, layer);
  assert.deepEqual(asked, [1, 1, 1]);
  const entries = lines.map((line) => JSON.parse(line));
  assert.deepEqual(
    entries.map(({ level, endpoint, blob }) => [level, endpoint, blob]),
    servers.slice(0, 2).map(({ address }) => ["warn", `${address}/app`, descriptor.digest]),
  );
  assert.match(entries[0].problem, new RegExp(digestOf(wrong)));
});

test("where all are wrong, that is the error", async () => {
  const { bytes, asked } = await pull([sendWrong, sendWrong]);
  assert.ok(bytes instanceof WrongDigestError);
  assert.equal(bytes.digest, digestOf(wrong));
  assert.deepEqual(asked, [1, 1]);
});

test("a blob of two endpoints is fetched whole from the second, then from the first, before it fails", async () => {
  const spoiltStart = await pull([sendWrongHalf, sendLayer]);
  assert.deepEqual(spoiltStart.bytes, layer);
  assert.deepEqual(spoiltStart.asked, [1, 2]);
  let halves = 1;
  const spoiltRest = await pull([
    (request, response) => (halves-- > 0 ? sendHalf(response) : sendLayer(request, response)),
    sendWrong,
  ]);
  assert.deepEqual(spoiltRest.asked, [2, 2]);
  assert.deepEqual(spoiltRest.bytes, layer);
});

test("an endpoint that is passed over is named with those that fail otherwise", async () => {
  const { bytes, servers } = await pull([sendWrong, (_request, response) => response.writeHead(503).end()]);
  assert.ok(bytes instanceof Error);
  const [mirror, server] = servers.map(({ address }) => `${address}/app`);
  assert.match(
    bytes.message,
    new RegExp(`${mirror}: what the registry sent .*${digestOf(wrong)}; ${server}: answered 503`),
  );
  assert.equal((bytes as Error & { code: status }).code, status.UNAVAILABLE);
});

test("without trust nothing is remembered, and nothing asked for again", async () => {
  await using server = await ScriptedServer.start(sendWrong);
  await using other = await ScriptedServer.start(sendLayer);
  await using client = clientOf([server, other]);
  const stream = await client.blob(image, descriptor);
  assert.deepEqual(await buffer(stream), wrong);
  assert.equal(stream.refuse("it is wrong"), false);
});

test("a blob that begins with what is left of an earlier pull is fetched whole once, from whom it came", async () => {
  await using server = await ScriptedServer.start(sendLayer);
  await using client = clientOf([server]);
  const trust = new EndpointTrust();
  const refused = async (offset: number) => {
    const stream = await client.blob(image, descriptor, { trust, offset });
    await buffer(stream);
    return stream.refuse("it is wrong");
  };
  assert.equal(await refused(layer.length), true);
  assert.equal(await refused(1000), false);
});
