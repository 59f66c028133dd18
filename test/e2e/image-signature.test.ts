import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { buildImage } from "../images/image.ts";
import { pushImage } from "../images/push.ts";
import { type SignatureRecipe, signatureImage, signatureTag } from "../images/signature.ts";
import { Registry } from "../registry/registry.ts";
import { outcome } from "../support/cri.ts";
import { livePod } from "../support/live-pod.ts";
import { podConfigFor, removePod, runPod } from "../support/pods.ts";
import { suite } from "../support/suite.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-signed-"));
const policyFile = join(folder, "policy.json");
const namespaces = join(folder, "policies");
const keyFile = join(folder, "cosign.pub");
const owner = generateKeyPairSync("ec", { namedCurve: "P-256" });
const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });

const signed = { type: "sigstoreSigned", keyPath: keyFile, signedIdentity: { type: "matchRepository" } };
const accept = { type: "insecureAcceptAnything" };
const reject = { type: "reject" };
const writePolicy = (file: string, everywhere: object, docker: Record<string, object[]> = {}) =>
  writeFileSync(file, JSON.stringify({ default: [everywhere], transports: { docker } }));

mkdirSync(namespaces);
writeFileSync(keyFile, owner.publicKey.export({ type: "spki", format: "pem" }));
writePolicy(policyFile, accept, { "signed.test": [signed] });

describe("a signature policy", () => {
  const settings = { "crio.image": { signature_policy: policyFile, signature_policy_dir: namespaces } };
  const parts = suite({ settings });
  let registry: Registry;

  before(async () => {
    registry = await Registry.start();
    const tables = ["signed.test", "free.test"].map(
      (host) => `\n[[registry]]\nprefix = "${host}"\nlocation = "${registry.address}"\ninsecure = true\n`,
    );
    appendFileSync(join(parts.daemon.folder, "registries.conf"), tables.join(""));
  });

  after(async () => {
    await registry?.stop();
    rmSync(folder, { recursive: true });
  });

  /** Pushes an image of its own as NAME:1; answers its digest. */
  async function push(name: string, isList = false): Promise<string> {
    const config = { Labels: { name } };
    const image = buildImage({ references: [], layers: [], config, format: "oci", multiPlatform: isList });
    await pushImage(registry.address, name, "1", image);
    return image.manifests.at(-1)!.digest;
  }

  async function sign(name: string, digest: string, key: KeyObject, about: Partial<SignatureRecipe> = {}) {
    const image = signatureImage([{ key, digest, reference: `signed.test/${name}`, ...about }]);
    await pushImage(registry.address, name, signatureTag(digest), image);
  }

  const pull = (image: string, namespace?: string) => {
    const metadata = { name: "pod", uid: "uid", attempt: 0, namespace: namespace ?? "" };
    return parts.daemon.client.image.PullImage({
      image: { image },
      sandboxConfig: namespace === undefined ? null : { metadata },
    });
  };
  const listed = async (image: string) =>
    (await parts.daemon.client.image.ImageStatus({ image: { image } })).image !== null;

  /** The image is refused with this problem, and nothing of it is here. */
  async function assertRefused(image: string, problem: RegExp, namespace?: string): Promise<void> {
    await assert.rejects(pull(image, namespace), (error: { code: number; message: string }) => {
      assert.equal(error.code, status.UNKNOWN);
      assert.ok(error.message.startsWith(`SignatureValidationFailed: image ${image} is refused by `));
      assert.match(error.message, problem);
      return true;
    });
    assert.equal(await listed(image), false);
  }

  it("lets an image pass that is signed by the key, by tag and by digest", async () => {
    const digest = await push("good");
    await assertRefused("signed.test/good:1", /it has no signature at signed\.test\/good:sha256-\w+\.sig$/);
    await sign("good", digest, owner.privateKey);
    await pull("signed.test/good:1");
    await pull(`signed.test/good@${digest}`);
    const index = await push("list", true);
    await sign("list", index, owner.privateKey);
    await pull("signed.test/list:1");
  });

  it("refuses an image that a stranger signed, and a signature of another image, by the name of the rule", async () => {
    await sign("foreign", await push("foreign"), stranger.privateKey);
    await assertRefused("signed.test/foreign:1", /it is not by the policy's key$/);
    const digest = await push("other");
    const image = signatureImage([
      { key: owner.privateKey, digest: `sha256:${"0".repeat(64)}`, reference: "signed.test/other" },
    ]);
    await pushImage(registry.address, "other", signatureTag(digest), image);
    const rule = `${policyFile}, transports.docker["signed.test"][0], sigstoreSigned`;
    await assert.rejects(pull("signed.test/other:1"), (error: { message: string }) => {
      assert.ok(error.message.includes(`${rule}: signature 1`), error.message);
      assert.match(error.message, /it is for the digest sha256:0000/);
      return true;
    });
    await sign("renamed", await push("renamed"), owner.privateKey, { reference: "signed.test/good" });
    await assertRefused("signed.test/renamed:1", /it is for "signed\.test\/good", which matchRepository/);
  });

  it("gives an image that is here no name by which the policy refuses it", async () => {
    await push("named");
    await pull("free.test/named:1");
    await assertRefused("signed.test/named:1", /no signature/);
    assert.equal(await listed("free.test/named:1"), true);
  });

  it("of a namespace goes before the machine's, for pulls at the same moment too", async () => {
    await push("space");
    writePolicy(join(namespaces, "strict.json"), reject);
    writePolicy(join(namespaces, "lax.json"), accept);
    const codes = await Promise.all(
      ["strict", "lax", "other"].map((namespace) => outcome(pull("free.test/space:1", namespace))),
    );
    assert.deepEqual(codes, ["UNKNOWN", "OK", "OK"]);
    await assert.rejects(pull("free.test/space:1", "strict"), /strict\.json, default\[0\], reject/);
    await pull("signed.test/space:1", "lax");
    assert.equal(await outcome(pull("free.test/space:1", "../lax")), "INVALID_ARGUMENT");
  });

  it("that is wrong or absent lets nothing pass until it is mended", async () => {
    await push("policy");
    writeFileSync(policyFile, '{"default": [{"type": "acceptAnything"}]}');
    await assert.rejects(pull("free.test/policy:1"), {
      code: status.FAILED_PRECONDITION,
      message: /policy\.json: default\[0\]\.type is "acceptAnything": it is unknown/,
    });
    rmSync(policyFile);
    assert.equal(await outcome(pull("free.test/policy:1")), "FAILED_PRECONDITION");
    writePolicy(policyFile, accept, { "signed.test": [signed] });
    await pull("free.test/policy:1");
  });

  it("holds for containers and their volumes, whatever another namespace's has let in", async () => {
    const own = await Registry.start();
    const table = `\n[[registry]]\nprefix = "own.test"\nlocation = "${own.address}"\ninsecure = true\n`;
    appendFileSync(join(parts.daemon.folder, "registries.conf"), table);
    const reference = "own.test/run:1";
    const built = buildImage({
      references: [],
      layers: [],
      config: { Labels: { run: "" } },
      format: "oci",
      multiPlatform: false,
    });
    await pushImage(own.address, "run", "1", built);
    const { digest } = built.manifests[0]!;
    const checked = join(namespaces, "checked.json");
    writePolicy(join(namespaces, "lax.json"), accept);
    writePolicy(checked, accept, { "own.test": [signed] });
    const { imageRef } = await pull(reference, "lax");

    const metadata = { name: "pod", uid: "checked", attempt: 0, namespace: "checked" };
    await using pod = await livePod(parts.daemon, { metadata });
    const asked = { image: imageRef, userSpecifiedImage: reference };
    // The image has no program: it is enough that it can be a volume.
    const mounts = [{ containerPath: "/v", readonly: true, image: asked }];
    const create = (name: string) => pod.create({ metadata: { name }, mounts });
    const rule =
      /SignatureValidationFailed: image own\.test\/run:1 is refused by .*"own\.test"\]\[0\], sigstoreSigned/;
    await assert.rejects(pod.create({ image: asked }), rule);
    await assert.rejects(create("refused"), rule);
    await assert.rejects(create("refused"), /ImageVolumeMountFailed: config\.mounts\[0\]\.image\.image is /);
    const recipe = { key: owner.privateKey, digest, reference: "own.test/run" };
    await pushImage(own.address, "run", signatureTag(digest), signatureImage([recipe]));
    await create("fetched");
    await own.stop();
    await create("kept");
    await parts.daemon.stop();
    await parts.daemon.start();
    await create("kept-over-a-restart");
    // What satisfies one key says nothing of another.
    const other = join(folder, "other.pub");
    writeFileSync(other, stranger.publicKey.export({ type: "spki", format: "pem" }));
    writePolicy(checked, accept, { "own.test": [{ ...signed, keyPath: other }] });
    await assert.rejects(
      create("another-key"),
      /what .*checked\.json, .*, sigstoreSigned requires cannot be verified: .*ECONNREFUSED/,
    );
    writePolicy(checked, accept);
    await create("accepted");
    await parts.daemon.client.image.RemoveImage({ image: { image: imageRef } });
  });

  it("holds for the pause image: no pod starts from one that it refuses", async () => {
    const { image, runtime } = parts.daemon.client;
    const pause = "registry.k8s.io/pause:3.10.1";
    await image.RemoveImage({ image: { image: pause } });
    writePolicy(policyFile, accept, { "registry.k8s.io/pause": [reject] });
    await assert.rejects(
      runtime.RunPodSandbox({ config: podConfigFor(parts.daemon) }),
      /SignatureValidationFailed: image registry\.k8s\.io\/pause:3\.10\.1 is refused by .*, reject/,
    );
    assert.deepEqual((await runtime.ListPodSandbox()).items, []);
    writePolicy(policyFile, accept);
    await removePod(parts.daemon, (await runPod(parts.daemon)).id);
  });
});
