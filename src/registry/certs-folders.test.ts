import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, afterEach, beforeEach, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { status } from "@grpc/grpc-js";
import { type CertificateFiles, certify, contentOf } from "../../test/registry/certificates.ts";
import {
  clientOf,
  descriptor,
  image,
  layer,
  manifest,
  sendLayer,
  sendManifest,
} from "../../test/registry/scripted-image.ts";
import { type Script, ScriptedServer } from "../../test/registry/scripted-server.ts";
import { redirectLog } from "../log.ts";
import { digestOf } from "./digest.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-certs-"));
after(() => rmSync(folder, { recursive: true }));

const authority = certify(folder, "authority");
const stranger = certify(folder, "stranger");
const server = certify(folder, "server", authority);
const user = certify(folder, "user", authority);
const mutual = { requestCert: true, rejectUnauthorized: true, ca: contentOf(authority).cert };

let lines: string[] = [];
let restoreLog = () => {};
/** A folder certs.d for each test. */
let certs = "";
beforeEach(() => {
  certs = mkdtempSync(join(folder, "certs.d-"));
  lines = [];
  restoreLog = redirectLog((line) => lines.push(line));
});
afterEach(() => restoreLog());

const serve: Script = (request, response) =>
  request.url?.includes("/blobs/") ? sendLayer(request, response) : sendManifest(response);

/** Writes `certs.d/NAME/FILE`, whole at once as an administrator's tools do. */
function put(name: string, file: string, content: string): void {
  mkdirSync(join(certs, name), { recursive: true });
  writeFileSync(join(certs, "new"), content);
  renameSync(join(certs, "new"), join(certs, name, file));
}

function putCertificate(name: string, { cert, key }: CertificateFiles): void {
  mkdirSync(join(certs, name), { recursive: true });
  copyFileSync(cert, join(certs, name, "client.cert"));
  copyFileSync(key, join(certs, name, "client.key"));
}

/** A client that pulls image.test, by registries.conf, from `address` with TLS. */
function strictClient(...servers: ScriptedServer[]) {
  return clientOf(servers, { registryCertsDirs: [join(certs, "none"), certs], rounds: 1 }, false);
}

test("a folder's authority is trusted, as soon as it is there and as long", async () => {
  await using registry = await ScriptedServer.start(serve, contentOf(server));
  await using client = strictClient(registry);
  await assert.rejects(client.manifest(image), { message: /unable to verify|self-signed/ });
  put(registry.address, "ca.crt", contentOf(authority).cert);
  assert.equal((await client.manifest(image)).digest, digestOf(manifest));
  put(registry.address, "ca.crt", contentOf(stranger).cert);
  await assert.rejects(client.manifest(image), { message: /unable to verify|self-signed/ });
});

test("a folder's client certificate is shown", async () => {
  await using registry = await ScriptedServer.start(serve, { ...contentOf(server), ...mutual });
  await using client = strictClient(registry);
  put(registry.address, "ca.crt", contentOf(authority).cert);
  await assert.rejects(client.manifest(image), { code: status.UNKNOWN });
  putCertificate(registry.address, user);
  assert.equal((await client.manifest(image)).digest, digestOf(manifest));
});

test("half a client certificate is refused by its name", async () => {
  await using registry = await ScriptedServer.start(serve, contentOf(server));
  await using client = strictClient(registry);
  put(registry.address, "client.key", contentOf(user).key);
  await assert.rejects(client.manifest(image), {
    code: status.FAILED_PRECONDITION,
    message: /client\.key: its certificate client\.cert is missing/,
  });
  rmSync(join(certs, registry.address, "client.key"));
  put(registry.address, "client.cert", contentOf(user).cert);
  await assert.rejects(client.manifest(image), { message: /client\.key: it cannot be read: ENOENT/ });
});

test("hosts are asked in order, with what each may do, before the server", async () => {
  await using cache = await ScriptedServer.start(serve);
  await using mirror = await ScriptedServer.start((_request, response) => response.writeHead(404).end());
  await using upstream = await ScriptedServer.start(serve, contentOf(server));
  put(
    "registry.test",
    "hosts.toml",
    `server = "https://${upstream.address}"
ca = "${authority.cert}"
[host."http://${cache.address}/v2/proxy"]
capabilities = ["pull"]
override_path = true
[host."http://${cache.address}/v2/proxy".header]
X-Cache = "yes"
[host."http://${mirror.address}"]
`,
  );
  const address = { address: "registry.test" } as ScriptedServer;
  await using client = strictClient(address);
  const found = await client.manifest(image);
  assert.equal(found.endpoint, `${upstream.address}/app`);
  assert.deepEqual(mirror.requests, ["GET /v2/app/manifests/v1?ns=registry.test"]);
  assert.deepEqual(upstream.requests, ["GET /v2/app/manifests/v1?ns=registry.test"]);
  assert.deepEqual(await buffer(await client.blob(image, descriptor)), layer);
  assert.deepEqual(cache.requests, [`GET /v2/proxy/app/blobs/${descriptor.digest}?ns=registry.test`]);
});

test("the port between underscores, and _default for the rest", async () => {
  await using one = await ScriptedServer.start(serve, contentOf(server));
  await using other = await ScriptedServer.start(serve, contentOf(server));
  put(one.address.replace(/:(\d+)/, "_$1_"), "hosts.toml", `ca = "${authority.cert}"`);
  put("_default", "hosts.toml", `ca = "${stranger.cert}"`);
  await using client = strictClient(one);
  await client.manifest(image);
  await using others = strictClient(other);
  await assert.rejects(others.manifest(image), { message: /unable to verify|self-signed/ });
  put("_default", "hosts.toml", "skip_verify = true");
  await others.manifest(image);
});

test("a hosts.toml that breaks stays as it was, and one broken from the start is named", async () => {
  await using registry = await ScriptedServer.start(serve, contentOf(server));
  await using client = strictClient(registry);
  put(registry.address, "hosts.toml", `ca = "missing.pem"`);
  await assert.rejects(client.manifest(image), {
    code: status.FAILED_PRECONDITION,
    message: /hosts\.toml: ca is "missing\.pem": it cannot be read: ENOENT/,
  });
  put(registry.address, "missing.pem", contentOf(authority).cert);
  await client.manifest(image);
  put(registry.address, "missing.pem", "broken");
  await client.manifest(image);
  await client.manifest(image);
  assert.equal(lines.filter((line) => line.includes("certs.d is wrong")).length, 1);
});

test("nobody left to ask is said", async () => {
  put("registry.test", "hosts.toml", 'server = "https://x.test"\ncapabilities = ["pull"]');
  await using client = strictClient({ address: "registry.test" } as ScriptedServer);
  await assert.rejects(client.manifest(image), {
    code: status.FAILED_PRECONDITION,
    message: /no server with capabilities \["pull","resolve"\] for registry\.test\/app/,
  });
});

test("a redirect to another host takes along trust, but no certificate, header or password", async () => {
  const seen: unknown[] = [];
  await using storage = await ScriptedServer.start(
    (request, response) => {
      const socket = request.socket as TLSSocket;
      const { authorization, "x-secret": secret } = request.headers;
      seen.push([authorization, secret, Object.keys(socket.getPeerCertificate() ?? {}).length]);
      sendLayer(request, response);
    },
    { ...contentOf(server), requestCert: true, rejectUnauthorized: false },
  );
  const known: unknown[] = [];
  await using registry = await ScriptedServer.start(
    (request, response) => {
      known.push([request.headers.authorization !== undefined, request.headers["x-secret"]]);
      if (!request.headers.authorization)
        response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
      else response.writeHead(307, { location: `https://${storage.address}/bucket` }).end();
    },
    { ...contentOf(server), ...mutual },
  );
  put(
    registry.address,
    "hosts.toml",
    `ca = "${authority.cert}"
client = [["${user.cert}", "${user.key}"]]
header = { X-Secret = "s" }
`,
  );
  await using client = strictClient(registry);
  const auth = {
    username: "jane",
    password: "p",
    auth: "",
    serverAddress: "",
    identityToken: "",
    registryToken: "",
  };
  assert.deepEqual(await buffer(await client.blob(image, descriptor, { auth })), layer);
  assert.deepEqual(seen, [[undefined, undefined, 0]]);
  assert.deepEqual(known, [
    [false, "s"],
    [true, "s"],
  ]);
});

test("below a path of its own, a token is for the name that the server gives", async () => {
  await using tokens = await ScriptedServer.start((_request, response) => response.end('{"token":"t"}'));
  await using cache = await ScriptedServer.start((request, response) => {
    if (request.headers.authorization) return sendManifest(response);
    const challenge = `Bearer realm="http://${tokens.address}/token",scope="repository:proxy/app:pull"`;
    return response.writeHead(401, { "www-authenticate": challenge }).end();
  });
  put("registry.test", "hosts.toml", `server = "http://${cache.address}/v2/proxy"\noverride_path = true`);
  await using client = strictClient({ address: "registry.test" } as ScriptedServer);
  await client.manifest(image);
  assert.deepEqual(tokens.requests, ["GET /token?scope=repository%3Aproxy%2Fapp%3Apull"]);
});
