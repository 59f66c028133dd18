import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { type BuiltImage, buildImage } from "../../test/images/image.ts";
import { pushImage } from "../../test/images/push.ts";
import { type SignatureRecipe, signatureImage, signatureTag } from "../../test/images/signature.ts";
import { Registry } from "../../test/registry/registry.ts";
import { ScriptedServer } from "../../test/registry/scripted-server.ts";
import { RegistryClient } from "../registry/client.ts";
import { parseReference } from "../registry/reference.ts";
import { resolveImage } from "../registry/resolve-image.ts";
import { SignatureVerifier, signedImage } from "./verifier.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-signatures-"));
const policyFile = join(folder, "policy.json");
const keyFile = join(folder, "key.pub");
const owner = generateKeyPairSync("ec", { namedCurve: "P-256" });
const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();
const base64 = (key: KeyObject) => Buffer.from(pem(key)).toString("base64");

let registry: Registry;
let client: RegistryClient;
let verifier: SignatureVerifier;

before(async () => {
  registry = await Registry.start();
  const registriesConf = join(folder, "registries.conf");
  writeFileSync(
    registriesConf,
    `[[registry]]\nprefix = "h.test"\nlocation = "${registry.address}"\ninsecure = true\n`,
  );
  client = new RegistryClient({ registriesConf, rounds: 1 });
  verifier = new SignatureVerifier(client, { signaturePolicy: "", signaturePolicyDir: folder }, policyFile);
  writeFileSync(keyFile, pem(owner.publicKey));
});

after(async () => {
  await client.close();
  await registry.stop();
  rmSync(folder, { recursive: true });
});

const signed = { type: "sigstoreSigned", keyPath: keyFile };
const repository = { type: "matchRepository" };

/** Pushes an image of its own as h.test/NAME:1; answers the digests that may be signed, the tag's first. */
async function push(name: string, multiPlatform = false): Promise<string[]> {
  const config = { Labels: { name } };
  const image: BuiltImage = buildImage({ references: [], layers: [], config, format: "oci", multiPlatform });
  await pushImage(registry.address, name, "1", image);
  return image.manifests.map(({ digest }) => digest).reverse();
}

async function sign(name: string, digest: string, ...signatures: Partial<SignatureRecipe>[]): Promise<void> {
  const usual = { key: owner.privateKey, digest, reference: `h.test/${name}:1` };
  const image = signatureImage(signatures.map((signature) => ({ ...usual, ...signature })));
  await pushImage(registry.address, name, signatureTag(digest), image);
}

/** Verifies h.test/IMAGE by these requirements of h.test. */
async function verify(image: string, ...requirements: object[]): Promise<void> {
  const policy = { default: [{ type: "reject" }], transports: { docker: { "h.test": requirements } } };
  writeFileSync(policyFile, JSON.stringify(policy));
  const reference = parseReference(`h.test/${image}`);
  await verifier.verify(policyFile, reference, signedImage(await resolveImage(client, reference)), {});
}

const refusal = (problem: RegExp) => ({ code: status.UNKNOWN, message: problem });

describe("SignatureVerifier", () => {
  it("accepts what is signed by the key, and names image and rule when it refuses", async () => {
    const [digest] = await push("plain");
    await assert.rejects(verify("plain:1", signed), {
      code: status.UNKNOWN,
      message:
        `SignatureValidationFailed: image h.test/plain:1 is refused by ${policyFile}, transports.docker["h.test"][0], ` +
        `sigstoreSigned: it has no signature at h.test/plain:${signatureTag(digest!)}`,
    });
    await sign("plain", digest!, {});
    await verify("plain:1", signed);
    await verify(`plain@${digest}`, signed);
  });

  it("wants every requirement satisfied", async () => {
    const [digest] = await push("every");
    await sign("every", digest!, {});
    await verify("every:1", { type: "insecureAcceptAnything" }, signed);
    await assert.rejects(verify("every:1", signed, { type: "reject" }), refusal(/\[1\], reject: no image/));
    const other = { type: "sigstoreSigned", keyData: base64(stranger.publicKey) };
    await assert.rejects(
      verify("every:1", signed, other),
      refusal(/\[1\], sigstoreSigned: signature 1 .*key/),
    );
  });

  it("refuses a stranger's signature, one for another image, and one for another name", async () => {
    const [digest] = await push("foreign");
    const cases: [Partial<SignatureRecipe>, RegExp][] = [
      [{ key: stranger.privateKey }, /it is not by the policy's key/],
      [{ digest: `sha256:${"a".repeat(64)}` }, /it is for the digest sha256:aaaa/],
      [{ reference: "h.test/other:1" }, /it is for "h\.test\/other:1", which matchRepoDigestOrExact/],
      [{ reference: "h.test/foreign" }, /without a tag only matchRepository accepts it/],
      [{ type: "atomic container signature" }, /critical\.type is "atomic container signature"/],
    ];
    for (const [signature, problem] of cases) {
      // A signature for another digest is put where this image's is looked for.
      const image = signatureImage([
        { key: owner.privateKey, digest: digest!, reference: "h.test/foreign:1", ...signature },
      ]);
      await pushImage(registry.address, "foreign", signatureTag(digest!), image);
      await assert.rejects(verify("foreign:1", signed), refusal(problem));
    }
  });

  it("is content with one good signature among others, by one good key among others", async () => {
    const [digest] = await push("many");
    await sign("many", digest!, { key: stranger.privateKey }, { reference: "h.test/many" });
    await assert.rejects(verify("many:1", signed), refusal(/signature 1 .*; signature 2 /));
    await verify("many:1", { ...signed, signedIdentity: repository });
    const keyDatas = [owner, stranger].map(({ publicKey }) => base64(publicKey));
    await verify("many:1", { type: "sigstoreSigned", keyDatas });
    await assert.rejects(
      verify("many:1", {
        type: "sigstoreSigned",
        keyDatas: [base64(generateKeyPairSync("ed25519").publicKey)],
      }),
      refusal(/key/),
    );
  });

  it("tells of the first few signatures where there are many", async () => {
    const [digest] = await push("numerous");
    const names = Array.from({ length: 7 }, (_, index) => ({ reference: `h.test/other:${index}` }));
    await sign("numerous", digest!, ...names);
    await assert.rejects(verify("numerous:1", signed), refusal(/signature 5 at [^;]+; and 2 more$/));
  });

  it("knows RSA and Ed25519 keys, and files of them", async () => {
    for (const pair of [
      generateKeyPairSync("rsa", { modulusLength: 2048 }),
      generateKeyPairSync("ed25519"),
    ]) {
      const name = pair.publicKey.asymmetricKeyType!;
      const [digest] = await push(name);
      await sign(name, digest!, { key: pair.privateKey });
      const file = join(folder, `${name}.pub`);
      writeFileSync(file, pem(pair.publicKey));
      await verify(`${name}:1`, { type: "sigstoreSigned", keyPaths: [keyFile, file] });
    }
  });

  it("accepts an image by its index's signature or by its own", async () => {
    const [index, own] = await push("index", true);
    await assert.rejects(verify("index:1", signed), refusal(/no signature at .*\.sig or .*\.sig$/));
    await sign("index", index!, {});
    await verify("index:1", signed);
    await assert.rejects(verify(`index@${own}`, signed), refusal(/no signature/));
    const [, instance] = await push("instance", true);
    await sign("instance", instance!, {});
    await verify("instance:1", signed);
  });

  it("needs no registry for what a kept signature proves, and no more than that", async () => {
    const [digest] = await push("kept");
    const reference = parseReference("h.test/kept:1");
    const image = signedImage(await resolveImage(client, reference));
    await sign("kept", digest!, { key: stranger.privateKey }, {});
    const policy = (...requirements: object[]) =>
      writeFileSync(policyFile, JSON.stringify({ default: requirements }));
    policy(signed, signed);
    const kept = await verifier.verify(policyFile, reference, image, {});
    assert.equal(kept.length, 2);
    await using gone = await ScriptedServer.start((_, response) => response.writeHead(404).end());
    const conf = join(folder, "gone.conf");
    writeFileSync(conf, `[[registry]]\nprefix = "h.test"\nlocation = "${gone.address}"\ninsecure = true\n`);
    const elsewhere = new RegistryClient({ registriesConf: conf, rounds: 1 });
    const other = new SignatureVerifier(elsewhere, { signaturePolicy: "", signaturePolicyDir: folder });
    const again = (changes: object = {}) =>
      other.verify(policyFile, reference, { ...image, kept: kept.slice(1), ...changes }, {});
    assert.deepEqual(await again(), []);
    assert.deepEqual(gone.requests, []);
    await assert.rejects(again({ kept: [] }), refusal(/no signature/));
    await assert.rejects(again({ digests: [`sha256:${"0".repeat(64)}`] }), refusal(/no signature/));
    policy({ type: "sigstoreSigned", keyData: base64(stranger.publicKey) });
    await assert.rejects(again(), refusal(/no signature/));
    policy({ type: "reject" });
    await assert.rejects(again(), refusal(/no image of this scope may be used/));
    await elsewhere.close();
  });

  it("refuses every image where the key or the kind of signature is nothing it can verify", async () => {
    await push("unusable");
    const wrong = (keyData: string) => ({ type: "sigstoreSigned", keyData });
    const x25519 = generateKeyPairSync("x25519").publicKey;
    const secret = owner.privateKey.export({ type: "pkcs8", format: "pem" });
    const cases: [object, RegExp][] = [
      [{ type: "sigstoreSigned", keyPath: join(folder, "none") }, /the key .*none cannot be read: ENOENT/],
      [wrong("nonsense"), /is no public key in PEM/],
      [wrong(Buffer.from(secret).toString("base64")), /is no public key in PEM/],
      [wrong(base64(x25519)), /is of type x25519/],
      [{ type: "signedBy", keyType: "GPGKeys", keyPath: keyFile }, /signedBy: .*not supported/],
      [{ type: "sigstoreSigned", fulcio: {}, rekorPublicKeyPath: "/k" }, /fulcio is not supported/],
      [{ type: "sigstoreSigned", keyPath: keyFile, rekorPublicKeyPath: "/k" }, /rekor\w* is not supported/],
    ];
    for (const [requirement, problem] of cases) {
      await assert.rejects(verify("unusable:1", requirement), refusal(problem));
    }
  });

  it("lets nothing pass by a policy that is wrong, and tells a registry's failure from a refusal", async () => {
    const reference = parseReference("h.test/plain:1");
    const image = signedImage(await resolveImage(client, reference));
    writeFileSync(policyFile, "{}");
    await assert.rejects(verifier.verify(policyFile, reference, image, {}), {
      code: status.FAILED_PRECONDITION,
      message: /policy\.json: default is absent/,
    });
    await using broken = await ScriptedServer.start((_, response) => response.writeHead(503).end());
    const conf = join(folder, "broken.conf");
    writeFileSync(conf, `[[registry]]\nprefix = "h.test"\nlocation = "${broken.address}"\ninsecure = true\n`);
    const elsewhere = new RegistryClient({ registriesConf: conf, rounds: 1 });
    const policy = { default: [signed] };
    writeFileSync(policyFile, JSON.stringify(policy));
    const settings = { signaturePolicy: "", signaturePolicyDir: folder };
    const other = new SignatureVerifier(elsewhere, settings);
    await assert.rejects(other.verify(policyFile, reference, image, {}), {
      code: status.UNAVAILABLE,
      message:
        /^image h\.test\/plain:1: what .*default\[0\], sigstoreSigned requires cannot be verified: .*503/,
    });
    await elsewhere.close();
  });
});

describe("policyFile", () => {
  it("is the namespace's, the configured one, the system's where there is one, in this order", () => {
    const own = join(folder, "team.json");
    const settings = { signaturePolicy: "", signaturePolicyDir: folder };
    const absent = new SignatureVerifier(client, settings, join(folder, "absent.json"));
    assert.equal(absent.policyFile("team"), undefined);
    writeFileSync(own, "{}");
    assert.equal(absent.policyFile("team"), own);
    assert.equal(absent.policyFile("other"), undefined);
    assert.equal(absent.policyFile(""), undefined);
    assert.equal(new SignatureVerifier(client, settings, own).policyFile("other"), own);
    settings.signaturePolicy = "/configured/and/absent.json";
    assert.equal(absent.policyFile("other"), "/configured/and/absent.json");
    assert.equal(absent.policyFile("team"), own);
    assert.equal(absent.policyFile("ż".repeat(253)), "/configured/and/absent.json");
  });
});
