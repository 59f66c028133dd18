import assert from "node:assert/strict";
import { it } from "node:test";
import { createSecureContext, getCiphers } from "node:tls";
import { cipherList, cipherSuite } from "./cipher-suites.ts";

it("knows the suites by Go's names, and OpenSSL knows what it makes of them", () => {
  const suite = cipherSuite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
  assert.equal(suite, "ECDHE-RSA-AES128-GCM-SHA256");
  assert.ok(getCiphers().includes(suite.toLowerCase()));
  assert.equal(cipherSuite("TLS_RSA_WITH_RC4_128_SHA"), undefined);
  assert.equal(cipherSuite("constructor"), undefined);
});

it("leaves TLS 1.3 its suites whatever the list says", () => {
  const list = cipherList(["ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"]);
  assert.equal(
    list,
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-AES128-GCM-SHA256",
  );
  createSecureContext({ ciphers: list });
});
