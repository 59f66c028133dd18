import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, afterEach, test } from "node:test";
import { certify, contentOf } from "../../test/registry/certificates.ts";
import { type ConnectBehaviour, ForwardProxy } from "../../test/registry/forward-proxy.ts";
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
import { digestOf } from "./digest.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-proxied-"));
after(() => rmSync(folder, { recursive: true }));
const authority = certify(folder, "authority");
const server = contentOf(certify(folder, "server", authority));
const user = certify(folder, "user", authority);
mkdirSync(join(folder, "registry.test"));
writeFileSync(
  join(folder, "registry.test", "hosts.toml"),
  `ca = "${authority.cert}"\nclient = [["${user.cert}", "${user.key}"]]\n`,
);

afterEach(() => {
  for (const name of ["HTTP_PROXY", "https_proxy", "NO_PROXY", "SSL_CERT_FILE"]) delete process.env[name];
});

const serve: Script = (request, response) =>
  request.url?.includes("/blobs/") ? sendLayer(request, response) : sendManifest(response);

/** A client that pulls image.test from registry.test, a name only the proxy knows. */
function proxiedClient(insecure = false) {
  const address = { address: "registry.test" } as ScriptedServer;
  return clientOf([address], { registryCertsDirs: [folder], rounds: 1, connectTimeout: 500 }, insecure);
}

const jane = `Basic ${Buffer.from("jane:s:cret").toString("base64")}`;

test("TLS goes through a tunnel, with the host's certificates, and keeps its connection", async () => {
  const mutual = { ...server, requestCert: true, ca: contentOf(authority).cert };
  await using registry = await ScriptedServer.start(serve, mutual);
  await using proxy = await ForwardProxy.start(registry.address);
  process.env.https_proxy = `http://jane:s%3Acret@${proxy.address}`;
  await using client = proxiedClient();
  assert.equal((await client.manifest(image)).digest, digestOf(manifest));
  assert.deepEqual(await buffer(await client.blob(image, descriptor)), layer);
  assert.deepEqual(proxy.requests, [["CONNECT registry.test:443", jane]]);
});

test("a certificate that is not trusted is refused through a tunnel too", async () => {
  await using registry = await ScriptedServer.start(serve, contentOf(certify(folder, "stranger")));
  await using proxy = await ForwardProxy.start(registry.address);
  process.env.https_proxy = `http://${proxy.address}`;
  await using client = proxiedClient();
  await assert.rejects(client.manifest(image), { message: /self-signed|unable to verify/ });
  assert.equal(registry.requests.length, 0);
});

test("a proxy with TLS is trusted by the machine's authorities", async () => {
  await using registry = await ScriptedServer.start(serve, server);
  const machine = certify(folder, "machine");
  process.env.SSL_CERT_FILE = machine.cert;
  for (const [issuer, refused] of [[machine], [certify(folder, "other"), /unable to verify/]] as const) {
    const tls = contentOf(certify(folder, "proxy", issuer));
    await using proxy = await ForwardProxy.start(registry.address, "tunnel", tls);
    process.env.https_proxy = `https://${proxy.address}`;
    await using client = proxiedClient();
    const pulled = client.manifest(image);
    if (refused) await assert.rejects(pulled, { message: refused });
    else assert.equal((await pulled).digest, digestOf(manifest));
    assert.equal(proxy.requests.length, refused ? 0 : 1);
  }
});

/** A client that pulls image.test from registry.test by plain HTTP. */
function plainClient() {
  const certs = mkdtempSync(join(folder, "plain-"));
  mkdirSync(join(certs, "_default"));
  writeFileSync(join(certs, "_default", "hosts.toml"), 'server = "http://registry.test"');
  const address = { address: "registry.test" } as ScriptedServer;
  return clientOf([address], { registryCertsDirs: [certs], rounds: 1, connectTimeout: 500 }, false);
}

test("plain HTTP is asked for in absolute form", async () => {
  await using registry = await ScriptedServer.start((request, response) => {
    assert.equal(request.headers["proxy-authorization"], undefined);
    serve(request, response);
  });
  await using proxy = await ForwardProxy.start(registry.address);
  process.env.HTTP_PROXY = `http://jane:s%3Acret@${proxy.address}`;
  await using client = plainClient();
  await client.manifest(image);
  assert.deepEqual(proxy.requests, [["GET http://registry.test/v2/app/manifests/v1", jane]]);
});

test("plain HTTP by a proxy with TLS trusts the machine's authorities, as they are at that moment", async () => {
  await using registry = await ScriptedServer.start(serve);
  const [machine, other] = [certify(folder, "machine-plain"), certify(folder, "other-plain")];
  const bundle = join(folder, "bundle.pem");
  process.env.SSL_CERT_FILE = bundle;
  const tls = contentOf(certify(folder, "proxy-plain", machine));
  await using proxy = await ForwardProxy.start(registry.address, "tunnel", tls);
  process.env.HTTP_PROXY = `https://jane:s%3Acret@${proxy.address}`;
  await using client = plainClient();
  writeFileSync(bundle, contentOf(machine).cert);
  assert.equal((await client.manifest(image)).digest, digestOf(manifest));
  assert.deepEqual(await buffer(await client.blob(image, descriptor)), layer);
  writeFileSync(bundle, contentOf(other).cert);
  await assert.rejects(client.manifest(image), { message: /unable to verify/ });
  assert.deepEqual(proxy.requests, [
    ["GET http://registry.test/v2/app/manifests/v1", jane],
    [`GET http://registry.test/v2/app/blobs/${descriptor.digest}`, jane],
  ]);
});

test("a proxy that never speaks TLS is given up", async (t) => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  t.after(() => silent.close());
  process.env.HTTP_PROXY = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  await using client = plainClient();
  await assert.rejects(client.manifest(image), { message: /no connection for 0.5 s/ });
});

const faults: [behaviour: ConnectBehaviour, message: RegExp][] = [
  [407, /407/],
  [502, /502/],
  ["hang", /no connection through the proxy 127/],
];
for (const [behaviour, message] of faults) {
  test(`a proxy that answers CONNECT with ${behaviour} ends the pull, its password untold`, async () => {
    await using proxy = await ForwardProxy.start("127.0.0.1:1", behaviour);
    process.env.https_proxy = `http://jane:s%3Acret@${proxy.address}`;
    await using client = proxiedClient();
    await assert.rejects(client.manifest(image), (error: Error) => {
      assert.match(error.message, message);
      assert.doesNotMatch(JSON.stringify([error.message, String(error.cause)]), /cret|jane/);
      return true;
    });
  });
}

test("a pull through a proxy that hangs can be cancelled", async () => {
  await using proxy = await ForwardProxy.start("127.0.0.1:1", "hang");
  process.env.https_proxy = `http://${proxy.address}`;
  const address = { address: "registry.test" } as ScriptedServer;
  await using client = clientOf([address], { idleTimeout: 20_000 }, false);
  const controller = new AbortController();
  const reason = new Error("the client went away");
  const pending = client.manifest(image, { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 50);
  await assert.rejects(pending, reason);
});

test("a proxy that is down, and one that cannot be used, are told from a registry that is down", async () => {
  process.env.https_proxy = "http://jane:secret@127.0.0.1:1";
  await using client = proxiedClient();
  await assert.rejects(client.manifest(image), { message: /ECONNREFUSED 127\.0\.0\.1:1/ });
  process.env.https_proxy = "socks5://jane:secret@127.0.0.1:1";
  await using other = proxiedClient();
  await assert.rejects(other.manifest(image), { message: /HTTPS_PROXY of the environment is not the URL/ });
});
