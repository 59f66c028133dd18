import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import {
  clientOf,
  config,
  descriptor,
  image,
  layer,
  manifest,
  sendLayer,
  sendManifest,
} from "../../test/registry/scripted-image.ts";
import { type Script, ScriptedServer } from "../../test/registry/scripted-server.ts";
import { digestOf } from "./digest.ts";
import { ociIndex, ociManifest } from "./media-types.ts";
import { parseReference } from "./reference.ts";
import { resolveImage } from "./resolve-image.ts";

const noAuth = {
  serverAddress: "",
  username: "",
  password: "",
  auth: "",
  identityToken: "",
  registryToken: "",
};
const jane = { ...noAuth, username: "jane", password: "secret" };

test("a busy registry is asked again, and named when it stays busy", async () => {
  let busy = 1;
  await using server = await ScriptedServer.start((_request, response) => {
    if (busy-- > 0) response.writeHead(429, { "retry-after": "0" }).end();
    else sendManifest(response);
  });
  await using client = clientOf([server]);
  assert.equal((await client.manifest(image)).digest, digestOf(manifest));
  busy = 9;
  await assert.rejects(client.manifest(image), { code: status.UNAVAILABLE, message: /answered 429/ });
});

const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
for (const [what, value] of [
  ["in seconds", "3600"],
  ["as a date", inAnHour],
]) {
  test(`a Retry-After ${what} that is too long is not waited for`, async () => {
    await using server = await ScriptedServer.start((_request, response) =>
      response
        .writeHead(503, { "retry-after": value })
        .end('{"errors":[{"code":"DOWN","message":"maintenance"}]}'),
    );
    await using client = clientOf([server]);
    await assert.rejects(client.manifest(image), {
      code: status.UNAVAILABLE,
      message: /DOWN: maintenance \(503\)/,
    });
    assert.equal(server.requests.length, 1);
  });
}

const badMirrors: [what: string, script: Script][] = [
  ["answers 500", (_request, response) => response.writeHead(500).end()],
  ["breaks off", (_request, response) => response.destroy()],
  ["shows a login page", (_request, response) => sendManifest(response, Buffer.from("<html>"), "text/html")],
  ["has another manifest", (_request, response) => sendManifest(response, Buffer.from("{}"))],
  [
    "sends a manifest without end",
    (_request, response) => {
      const more = () => {
        while (response.writable && response.write(layer));
      };
      response.on("drain", more).writeHead(200);
      more();
    },
  ],
];

for (const [what, script] of badMirrors) {
  test(`a mirror that ${what} is passed over`, async () => {
    await using mirror = await ScriptedServer.start(script);
    await using server = await ScriptedServer.start((_request, response) => sendManifest(response));
    await using client = clientOf([mirror, server]);
    const found = await client.manifest(image.withDigest(digestOf(manifest)));
    assert.equal(found.endpoint, `${server.address}/app`);
    assert.deepEqual(found.bytes, manifest);
    assert.ok(mirror.requests.length > 0);
  });
}

test("a wrong digest everywhere is DATA_LOSS", async () => {
  await using server = await ScriptedServer.start((_request, response) => sendManifest(response));
  await using client = clientOf([server]);
  await assert.rejects(client.manifest(image.withDigest(digestOf(layer))), {
    code: status.DATA_LOSS,
    message: new RegExp(`${digestOf(manifest)}, not ${digestOf(layer)}`),
  });
});

test("schema 1, artifacts, and manifests that are not what the index says are refused", async () => {
  const artifact = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      artifactType: "text/x",
      config: { ...config, mediaType: "x/y" },
      layers: [],
    }),
  );
  const entry = { mediaType: ociManifest, digest: digestOf(manifest), size: manifest.length + 1 };
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  await using server = await ScriptedServer.start(({ url }, response) => {
    if (url?.endsWith("/schema1")) return sendManifest(response, Buffer.from('{"schemaVersion":1}'), "");
    if (url?.endsWith("/artifact")) return sendManifest(response, artifact);
    if (url?.endsWith("/index")) return sendManifest(response, index, ociIndex);
    sendManifest(response);
  });
  await using client = clientOf([server]);
  const resolve = (tag: string) => resolveImage(client, parseReference(`image.test/app:${tag}`));
  await assert.rejects(resolve("schema1"), { code: status.FAILED_PRECONDITION, message: /schema 1/ });
  await assert.rejects(resolve("artifact"), {
    code: status.FAILED_PRECONDITION,
    message: /artifact of type text\/x/,
  });
  await assert.rejects(resolve("index"), { code: status.DATA_LOSS, message: /its index gives/ });
});

test("a server that hangs is given up, before and within the answer", async () => {
  await using server = await ScriptedServer.start(({ url }, response) => {
    if (url?.includes("/blobs/")) response.writeHead(200, { "content-length": layer.length }).write("12345");
  });
  await using client = clientOf([server], { idleTimeout: 30 });
  await assert.rejects(client.manifest(image), {
    code: status.UNKNOWN,
    message: /^RegistryUnavailable: .*no data/,
  });
  await assert.rejects(buffer(await client.blob(image, descriptor)), {
    code: status.UNAVAILABLE,
    message: /byte 5 of .*no data for 0.03 s|byte \d+ of .*connection/,
  });
});

test("cancelling ends a request, a pause and a stream with the signal's reason", async () => {
  const reason = new Error("the client went away");
  await using hung = await ScriptedServer.start(({ url }, response) => {
    if (url?.includes("/blobs/")) response.writeHead(200, { "content-length": layer.length }).write("12345");
    if (url?.includes("/busy/")) response.writeHead(503).end();
  });
  await using client = clientOf([hung], { delay: 20_000 });
  for (const name of ["image.test/app", "image.test/busy/app"]) {
    const controller = new AbortController();
    const pending = client.manifest(parseReference(name), { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await assert.rejects(pending, reason);
  }
  const controller = new AbortController();
  const stream = await client.blob(image, descriptor, { signal: controller.signal });
  stream.once("data", () => controller.abort(reason));
  await assert.rejects(buffer(stream), reason);
});

test("a redirect to another host carries no credentials", async () => {
  const seen: (string | undefined)[] = [];
  await using storage = await ScriptedServer.start((request, response) => {
    seen.push(request.headers.authorization);
    sendLayer(request, response);
  });
  await using server = await ScriptedServer.start((request, response) => {
    if (!request.headers.authorization)
      response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
    else response.writeHead(307, { location: `http://${storage.address}/bucket?signature=abc` }).end();
  });
  await using client = clientOf([server]);
  assert.deepEqual(await buffer(await client.blob(image, descriptor, { auth: jane })), layer);
  assert.deepEqual(seen, [undefined]);
});

test("redirects in a circle end", async () => {
  await using server = await ScriptedServer.start((_request, response) =>
    response.writeHead(302, { location: "/again" }).end(),
  );
  await using client = clientOf([server]);
  await assert.rejects(client.manifest(image), { message: /redirects more than 5 times/ });
});

test("TLS: an unknown certificate is refused, unless the registry is insecure", async () => {
  const folder = mkdtempSync(join(tmpdir(), "critter-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=image.test", "-nodes", "-keyout", key, "-out", cert];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", ...subject],
    {
      stdio: "ignore",
    },
  );
  const tls = { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  rmSync(folder, { recursive: true });
  await using server = await ScriptedServer.start((_request, response) => sendManifest(response), tls);
  await using trusting = clientOf([server]);
  assert.equal((await trusting.manifest(image)).digest, digestOf(manifest));
  await using strict = clientOf([server], {}, false);
  await assert.rejects(strict.manifest(image), { message: /^RegistryUnavailable: .*self-signed/ });
});
