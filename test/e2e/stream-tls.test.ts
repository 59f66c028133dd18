import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { runClient, TRANSPORTS } from "../stream-client/client.ts";
import { Crictl, withoutCrictl } from "../support/crictl.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const run = promisify(execFile);
const openssl = (args: string[]) => run("openssl", args);
/** A key of P-256, which is quick to make. */
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
const folder = mkdtempSync(join(tmpdir(), "critter-tls-"));
const path = (name: string) => join(folder, name);

describe("streaming over TLS", () => {
  before(async () => {
    await makeAuthority("ca");
    for (const name of ["server", "client"]) await sign("ca", name);
    await makeAuthority("stranger-ca");
    await sign("stranger-ca", "stranger");
  });
  const parts = suite({
    settings: {
      "crio.api": {
        stream_enable_tls: true,
        stream_tls_cert: path("server.crt"),
        stream_tls_key: path("server.key"),
        stream_tls_ca: path("ca.crt"),
      },
    },
  });
  after(() => rmSync(folder, { recursive: true }));

  const flagsOf = (name: string) => [
    ...["--tls-ca", path("ca.crt")],
    ...["--tls-cert", path(`${name}.crt`), "--tls-key", path(`${name}.key`)],
  ];

  for (const transport of TRANSPORTS) {
    it(`serves clients whose certificate the authority signed, over ${transport}`, async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      const exec = (...flags: string[]) =>
        runClient(
          parts.daemon.socket,
          ["exec", "--transport", transport, ...flags, "-i", id, "sh", "-c", "cat; exit 3"],
          "hello",
        );
      const { stdout, code, stderr } = await exec(...flagsOf("client"));
      assert.deepEqual([stdout.toString(), code, stderr], ["hello", 3, ""]);
      assert.match((await exec()).stderr, /certificate|tls|EOF|reset/i);
      assert.match((await exec(...flagsOf("stranger"))).stderr, /certificate|tls|EOF|reset/i);
    });
  }

  it("serves crictl over both", { skip: withoutCrictl }, async () => {
    const crictl = new Crictl(parts.daemon.socket);
    try {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      for (const transport of TRANSPORTS) {
        const exec = (...flags: string[]) => ["exec", "--transport", transport, ...flags, id, "hostname"];
        assert.equal(await crictl.ok(...exec(...flagsOf("client"))), await pod.sh(id, "hostname"));
        assert.match(await crictl.refusal(...exec(...flagsOf("stranger"))), /certificate|tls|EOF|reset/i);
      }
    } finally {
      crictl.dispose();
    }
  });

  it("answers URLs of https", async () => {
    await using pod = await livePod(parts.daemon);
    const request = { containerId: await pod.run(), cmd: ["true"], stdout: true };
    assert.match((await parts.daemon.client.runtime.Exec(request)).url, /^https:\/\/127\.0\.0\.1:\d+\//);
  });
});

async function makeAuthority(name: string): Promise<void> {
  const files = ["-keyout", path(`${name}.key`), "-out", path(`${name}.crt`)];
  await openssl(["req", "-x509", ...NEW_KEY, "-days", "2", "-subj", `/CN=${name}`, ...files]);
}

async function sign(authority: string, name: string): Promise<void> {
  const request = ["-keyout", path(`${name}.key`), "-out", path(`${name}.csr`)];
  await openssl(["req", ...NEW_KEY, "-subj", `/CN=${name}`, ...request]);
  writeFileSync(path("extensions"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const signer = ["-CA", path(`${authority}.crt`), "-CAkey", path(`${authority}.key`), "-CAcreateserial"];
  const files = ["-in", path(`${name}.csr`), "-out", path(`${name}.crt`), "-extfile", path("extensions")];
  await openssl(["x509", "-req", ...signer, "-days", "2", ...files]);
}
