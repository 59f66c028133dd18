import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { redirectLog } from "../log.ts";
import { makeMissingCertificate } from "./self-signed.ts";

describe("a certificate that signs itself", () => {
  const folder = mkdtempSync(join(tmpdir(), "critter-self-signed-"));
  const cert = join(folder, "certs", "metrics.crt");
  const key = join(folder, "keys", "metrics.key");
  const restoreLog = redirectLog(() => {});
  after(() => {
    restoreLog();
    rmSync(folder, { recursive: true });
  });
  before(() => makeMissingCertificate(cert, key));

  it("is for the machine's name and for loopback, and for years", () => {
    const certificate = new X509Certificate(readFileSync(cert));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(readFileSync(key))));
    assert.ok(certificate.verify(certificate.publicKey));
    assert.equal(certificate.subject, `CN=${hostname()}`);
    for (const host of [hostname(), "localhost"]) assert.equal(certificate.checkHost(host), host);
    for (const address of ["127.0.0.1", "::1"]) assert.equal(certificate.checkIP(address), address);
    assert.ok(certificate.validFromDate < new Date());
    assert.ok(certificate.validToDate > new Date(Date.now() + 3600 * 24 * 3600 * 1000));
  });

  it("is one in OpenSSL's eyes", () => {
    assert.match(execFileSync("openssl", ["verify", "-CAfile", cert, cert], { encoding: "utf8" }), /: OK/);
  });

  it("can be read by nobody else, and stays what it is", () => {
    for (const file of [cert, key]) assert.equal(statSync(file).mode & 0o777, 0o600);
    const text = readFileSync(cert, "utf8");
    makeMissingCertificate(cert, key);
    assert.equal(readFileSync(cert, "utf8"), text);
  });

  it("is not made where one of the files is there", () => {
    const lonely = join(folder, "lonely.key");
    writeFileSync(lonely, "a key");
    makeMissingCertificate(join(folder, "none.crt"), lonely);
    assert.equal(readFileSync(lonely, "utf8"), "a key");
    assert.throws(() => statSync(join(folder, "none.crt")), { code: "ENOENT" });
  });
});
