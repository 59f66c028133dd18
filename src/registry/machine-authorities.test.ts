import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { rootCertificates } from "node:tls";
import { certify, contentOf } from "../../test/registry/certificates.ts";
import { clientOf, image, manifest, sendManifest } from "../../test/registry/scripted-image.ts";
import { ScriptedServer } from "../../test/registry/scripted-server.ts";
import { digestOf } from "./digest.ts";
import { MachineAuthorities } from "./machine-authorities.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-authorities-"));
const [one, other] = [certify(folder, "one"), certify(folder, "other")];
const pemOf = ({ cert }: { cert: string }) => readFileSync(cert, "latin1").trim();
const empty = join(folder, "empty");
mkdirSync(empty);
after(() => rmSync(folder, { recursive: true }));

const found = (file: string, ...folders: string[]) =>
  new MachineAuthorities({ SSL_CERT_FILE: file, SSL_CERT_DIR: folders.join(":") }).current();

test("a bundle and folders, each certificate once, what is none passed over", async () => {
  const certs = join(folder, "certs");
  mkdirSync(certs);
  copyFileSync(other.cert, join(certs, "other.pem"));
  symlinkSync("other.pem", join(certs, "0a1b2c3d.0"));
  symlinkSync(one.cert, join(certs, "one.pem"));
  symlinkSync(join(folder, "nowhere"), join(certs, "gone.pem"));
  mkdirSync(join(certs, "java"));
  writeFileSync(join(certs, "README"), "no certificate");
  const bundle = join(folder, "bundle.crt");
  const broken = "-----BEGIN CERTIFICATE-----\r\nnone\r\n-----END CERTIFICATE-----\r\n";
  writeFileSync(bundle, `# One\n${pemOf(one).replaceAll("\n", "\r\n")}\n${broken}${readFileSync(one.key)}`);
  const all = await found(bundle, empty, certs, join(folder, "nowhere"));
  assert.deepEqual(all.map((pem) => [pemOf(one), pemOf(other)].indexOf(pem)).sort(), [-1, 0, 1]);
});

test("a machine without any has those of Node.js", async () => {
  assert.equal(await found(join(folder, "nowhere"), empty), rootCertificates);
});

test("this machine's are found without being told where", async () => {
  const authorities = new MachineAuthorities({});
  const all = await authorities.current();
  assert.equal(new Set(all).size, all.length);
  assert.equal(await authorities.current(), all);
  assert.ok(all.length > 50);
});

test("a registry is trusted by the machine's authorities, as they are at that moment", async (t) => {
  const bundle = join(folder, "current.crt");
  writeFileSync(bundle, `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${pemOf(one)}`);
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  process.env = { ...before, SSL_CERT_FILE: bundle, SSL_CERT_DIR: empty };
  const tls = contentOf(certify(folder, "signed", one));
  await using server = await ScriptedServer.start((_request, response) => sendManifest(response), tls);
  await using client = clientOf([server], {}, false);
  const pull = async () => (await client.manifest(image)).digest;
  assert.equal(await pull(), digestOf(manifest));
  writeFileSync(bundle, pemOf(other));
  await assert.rejects(pull(), { message: /^RegistryUnavailable: .*certificate/ });
  writeFileSync(bundle, `${pemOf(other)}\n${pemOf(one)}`);
  assert.equal(await pull(), digestOf(manifest));
});
