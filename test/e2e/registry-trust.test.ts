import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { pushImage } from "../images/push.ts";
import { rawImage } from "../images/raw-image.ts";
import { rawTar } from "../images/raw-tar.ts";
import { type CertificateFiles, certify, contentOf } from "../registry/certificates.ts";
import { startFaultyProxy } from "../registry/faulty-proxy.ts";
import { Registry } from "../registry/registry.ts";
import { suite } from "../support/suite.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-trust-"));
const [known, stranger] = [certify(folder, "known"), certify(folder, "stranger")];
const bundle = join(folder, "bundle.pem");
const certsDir = join(folder, "certs.d");
// The daemon's environment is this process's.
Object.assign(process.env, { SSL_CERT_FILE: bundle, SSL_CERT_DIR: join(folder, "none") });
writeFileSync(bundle, readFileSync(known.cert));

describe("a registry with TLS", () => {
  const parts = suite({ settings: { "crio.image": { registry_certs_dirs: [certsDir] } } });
  let registry: Registry;

  before(async () => {
    registry = await Registry.start();
    const image = rawImage({ layers: [rawTar([{ name: "hello", content: "hello\n" }])] });
    await pushImage(registry.address, "app", "1", image);
  });

  after(async () => {
    await registry?.stop();
    rmSync(folder, { recursive: true });
  });

  /** The registry with a certificate by `authority`, known as `name`. */
  async function serve(name: string, authority: CertificateFiles) {
    const tls = contentOf(certify(folder, name, authority));
    const server = await startFaultyProxy(registry.address, () => false, tls);
    const table = `\n[[registry]]\nprefix = "${name}.test"\nlocation = "${server.address}"\n`;
    appendFileSync(join(parts.daemon.folder, "registries.conf"), table);
    return server;
  }

  async function pull(name: string): Promise<void> {
    const { image } = parts.daemon.client;
    const spec = { image: { image: `${name}.test/app:1` } };
    await image.PullImage(spec);
    await image.RemoveImage(spec);
  }

  const refused = {
    code: status.UNKNOWN,
    message: /^RegistryUnavailable: .*(unable to verify|self-signed certificate)/,
  };

  it("is trusted by the machine's authorities, as they are at that moment", async () => {
    await using _one = await serve("one", known);
    await pull("one");
    await using _two = await serve("two", stranger);
    await assert.rejects(pull("two"), refused);
    appendFileSync(bundle, readFileSync(stranger.cert));
    await pull("two");
    writeFileSync(bundle, readFileSync(known.cert));
    await pull("one");
    await assert.rejects(pull("two"), refused);
  });

  it("is trusted by certs.d's authority too, which is for nobody else", async () => {
    await using own = await serve("own", stranger);
    await using _other = await serve("other", stranger);
    await assert.rejects(pull("own"), refused);
    mkdirSync(join(certsDir, own.address), { recursive: true });
    writeFileSync(join(certsDir, own.address, "ca.crt"), readFileSync(stranger.cert));
    await pull("own");
    await assert.rejects(pull("other"), refused);
  });
});
