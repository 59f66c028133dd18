import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, type TestContext, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { signatureImage, signatureTag } from "../../test/images/signature.ts";
import type { RegistryClient } from "../registry/client.ts";
import { SignatureVerifier } from "../signatures/verifier.ts";
import { client, file, image, newRoot, open, push, registry, useTestBed } from "./test-bed.test.ts";

useTestBed();
const folder = mkdtempSync(join(tmpdir(), "critter-admission-"));
after(() => rmSync(folder, { recursive: true }));

const owner = generateKeyPairSync("ec", { namedCurve: "P-256" });
const keyData = Buffer.from(owner.publicKey.export({ type: "spki", format: "pem" })).toString("base64");
const signed = { type: "sigstoreSigned", keyData, signedIdentity: { type: "matchRepository" } };
const accept = { type: "insecureAcceptAnything" };
const reject = { type: "reject" };
const policy = (namespace: string, everywhere: object, docker: Record<string, object[]> = {}) =>
  writeFileSync(
    join(folder, `${namespace}.json`),
    JSON.stringify({ default: [everywhere], transports: { docker } }),
  );

beforeEach(() => {
  policy("lax", accept);
  policy("strict", reject);
  policy("signed", signed);
});

async function storageWithPolicies(root = newRoot()) {
  const verifier = new SignatureVerifier(
    client,
    { signaturePolicy: "", signaturePolicyDir: folder },
    "/none",
  );
  return open(root, { signatures: verifier });
}

/** Counts requests for manifests and blobs. */
function countRequests(t: TestContext): () => number {
  const methods = (["manifest", "blob"] as const).map((name) => {
    const real = client[name] as (...args: unknown[]) => unknown;
    return t.mock.method(client, name as keyof RegistryClient, (...args: unknown[]) =>
      real.apply(client, args),
    );
  });
  return () => methods.reduce((sum, method) => sum + method.mock.callCount(), 0);
}

const ask = (name: string, userSpecifiedImage = "") => ({ image: name, userSpecifiedImage });

async function pushSigned(name: string): Promise<string> {
  const built = image([file(name)]);
  const { digest } = built.manifests[0]!;
  await push(name, "x", built);
  const recipe = { key: owner.privateKey, digest, reference: `${registry.address}/${name}` };
  await push(name, signatureTag(digest), signatureImage([recipe]));
  return `${registry.address}/${name}:x`;
}

test("what one namespace may pull another may not run; without a policy nothing is asked", async (t) => {
  const { storage, close } = await storageWithPolicies();
  t.after(close);
  await push("admit", "x", image([file("admit")]));
  const name = `${registry.address}/admit:x`;
  const pulled = await storage.pull(name, { namespace: "lax" });
  const requests = countRequests(t);
  await storage.admission.check(pulled, ask(name), { namespace: "lax" });
  await storage.admission.check(pulled, ask(name), { namespace: "without" });
  await assert.rejects(storage.admission.check(pulled, ask(name), { namespace: "strict" }), {
    code: status.UNKNOWN,
    message: /^SignatureValidationFailed: image .*admit:x is refused by .*strict\.json, default\[0\], reject/,
  });
  assert.equal(requests(), 0);
});

test("signatures are fetched once, and serve the daemons after this one", async (t) => {
  const root = newRoot();
  const name = await pushSigned("fetched");
  const requests = countRequests(t);
  const first = await storageWithPolicies(root);
  const { id } = await first.storage.pull(name, { namespace: "lax" });
  const pulled = requests();
  for (let time = 0; time < 2; time++) {
    await first.storage.admission.check(first.storage.images.get(id), ask(id, name), { namespace: "signed" });
    assert.equal(requests(), pulled + 2);
  }
  await first.close();
  const second = await storageWithPolicies(root);
  await second.storage.admission.check(second.storage.images.get(name), ask(name), { namespace: "signed" });
  assert.equal(requests(), pulled + 2);
  await second.close();
});

test("the signature by which an image was pulled is kept with it", async (t) => {
  const { storage, close } = await storageWithPolicies();
  t.after(close);
  const name = await pushSigned("proved");
  const pulled = await storage.pull(name, { namespace: "signed" });
  const requests = countRequests(t);
  await storage.admission.check(pulled, ask(name), { namespace: "signed" });
  assert.equal(requests(), 0);
  assert.equal(await storage.pull(name, { namespace: "signed" }), pulled);
});

test("the rule is that of the name the user gave; an ID alone means any name", async (t) => {
  const { storage, close } = await storageWithPolicies();
  t.after(close);
  await push("name/a", "x", image([file("named")]));
  await push("name/b", "x", image([file("named")]));
  const [a, b] = ["a", "b"].map((last) => `${registry.address}/name/${last}:x`) as [string, string];
  const { id } = await storage.pull(a);
  assert.equal((await storage.pull(b)).id, id);
  policy("names", reject, { [b]: [accept] });
  const check = (...called: Parameters<typeof ask>) =>
    storage.admission.check(storage.images.get(id), ask(...called), { namespace: "names" });
  await check(b);
  await check(id, b);
  await check(id);
  await check(id.slice(7, 19));
  await check(id, id);
  await assert.rejects(check(a), /name\/a:x is refused by/);
  await assert.rejects(check(id, a), /name\/a:x is refused by/);
  await assert.rejects(check(b, `${registry.address}/name/c:x`), /name\/c:x is refused by/);
});
