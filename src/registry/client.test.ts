import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { buildImage } from "../../test/images/image.ts";
import { pushImage } from "../../test/images/push.ts";
import { writeHostsToml } from "../../test/registry/mirrors.ts";
import { Registry } from "../../test/registry/registry.ts";
import type { AuthConfig } from "../cri/messages.ts";
import { redirectLog } from "../log.ts";
import { takeNamespacedAuth } from "./auth-file.ts";
import { RegistryClient } from "./client.ts";
import { parseReference } from "./reference.ts";
import { resolveImage } from "./resolve-image.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-client-"));
const registriesConf = join(folder, "registries.conf");
const globalAuthFile = join(folder, "auth.json");
const login = { username: "jane", password: "s:cret" };
const nobody: AuthConfig = {
  username: "",
  password: "",
  auth: "",
  serverAddress: "",
  identityToken: "",
  registryToken: "",
};

const layer = [{ path: "hello", type: "file", content: Buffer.alloc(300_000, "hello ") }] as const;
const oci = buildImage({ references: [], layers: [layer], config: { User: "1" }, format: "oci" });
const docker = buildImage({
  references: [],
  layers: [layer],
  config: {},
  format: "docker",
  multiPlatform: true,
});

let open: Registry;
let locked: Registry;
let client: RegistryClient;

/** A port nobody listens on: the mirror or registry that is down. */
const down = "127.0.0.1:1";

function writeRules(): void {
  writeFileSync(
    registriesConf,
    `
[[registry]]
prefix = "registry.test/team"
location = "${down}/nowhere"
insecure = true
[[registry.mirror]]
location = "${down}/down"
insecure = true
[[registry.mirror]]
location = "${open.address}/empty"
insecure = true
[[registry.mirror]]
location = "${open.address}/mirrored"
insecure = true

[[registry]]
prefix = "private.test"
location = "${locked.address}/private"
insecure = true

[[registry]]
prefix = "new.test"
location = "${down}"
insecure = true

[[registry]]
prefix = "gone.test"
location = "${down}"
insecure = true
`,
  );
}

before(async () => {
  [open, locked] = await Promise.all([Registry.start(), Registry.start({ auth: login })]);
  const authorization = `Basic ${Buffer.from("jane:s:cret").toString("base64")}`;
  await pushImage(open.address, "mirrored/oci", "v1", oci);
  await pushImage(open.address, "mirrored/docker", "v1", docker);
  await pushImage(locked.address, "private/oci", "v1", oci, authorization);
  writeRules();
  client = new RegistryClient({ registriesConf, globalAuthFile, rounds: 1 });
});

after(async () => {
  await client.close();
  await Promise.all([open.stop(), locked.stop()]);
  rmSync(folder, { recursive: true });
});

test("an OCI image by tag, through the third mirror", async () => {
  const reference = parseReference("registry.test/team/oci:v1");
  const image = await resolveImage(client, reference);
  const manifest = oci.manifests[0]!;
  assert.equal(image.endpoint, `${open.address}/mirrored/oci`);
  assert.equal(image.repoDigest, manifest.digest);
  assert.equal(image.manifestDigest, manifest.digest);
  assert.equal(image.indexDigest, undefined);
  assert.deepEqual(image.manifestBytes, manifest.body);
  assert.equal(image.config.digest, oci.blobs.at(-1)!.digest);

  const blob = image.layers[0]!;
  const whole = await buffer(await client.blob(reference, blob, { endpoint: image.endpoint }));
  assert.equal(`sha256:${createHash("sha256").update(whole).digest("hex")}`, blob.digest);
  const rest = await buffer(await client.blob(reference, blob, { offset: 100 }));
  assert.deepEqual(rest, whole.subarray(100));
  assert.equal((await buffer(await client.blob(reference, blob, { offset: blob.size }))).length, 0);
});

test("a Docker manifest list by digest, for the platform asked for", async () => {
  const list = docker.manifests.at(-1)!;
  const reference = parseReference(`registry.test/team/docker@${list.digest}`);
  for (const [architecture, manifest] of [
    ["arm64", docker.manifests[0]!],
    ["amd64", docker.manifests[1]!],
  ] as const) {
    const image = await resolveImage(client, reference, { platform: { os: "linux", architecture } });
    assert.equal(image.manifestDigest, manifest.digest);
    assert.equal(image.indexDigest, list.digest);
    assert.equal(image.repoDigest, list.digest);
  }
});

test("a platform the image is not made for is NOT_FOUND, with what there is", async () => {
  const reference = parseReference("registry.test/team/docker:v1");
  await assert.rejects(
    resolveImage(client, reference, { platform: { os: "linux", architecture: "s390x" } }),
    {
      code: status.NOT_FOUND,
      message: /nothing for linux\/s390x; it has: linux\/arm64\/v8, linux\/amd64/,
    },
  );
});

test("an image no mirror has is NOT_FOUND, with each answer", async () => {
  await assert.rejects(
    resolveImage(client, parseReference("registry.test/team/absent:v1")),
    (error: Error) => {
      assert.equal((error as Error & { code: status }).code, status.NOT_FOUND);
      assert.match(error.message, /registry\.test\/team\/absent:v1/);
      assert.match(error.message, /127\.0\.0\.1:1\/down\/absent: connect ECONNREFUSED/);
      assert.match(error.message, /\/mirrored\/absent: .*\(404\)/);
      return true;
    },
  );
});

test("an image by the hosts.toml that containerd is given, without registries.conf", async () => {
  await pushImage(open.address, "docker.io/library/app", "v1", oci);
  const certs = await writeHostsToml(folder, open.address);
  const hosted = new RegistryClient({ registriesConf: join(folder, "none"), registryCertsDirs: [certs] });
  const reference = parseReference("app:v1");
  const image = await resolveImage(hosted, reference);
  assert.equal(image.endpoint, `${open.address}/library/app`);
  const whole = await buffer(await hosted.blob(reference, image.layers[0]!, { endpoint: image.endpoint }));
  assert.equal(whole.length, image.layers[0]!.size);
  await hosted.close();
});

test("a registry that is down is UNKNOWN, with the prefix the kubelet knows", async () => {
  await assert.rejects(resolveImage(client, parseReference("gone.test/app:1")), {
    code: status.UNKNOWN,
    message: /^RegistryUnavailable: cannot pull gone\.test\/app:1: 127\.0\.0\.1:1\/app: connect ECONNREFUSED/,
  });
});

const secret = parseReference("private.test/oci:v1");
const accepted: [what: string, auth: Partial<AuthConfig>][] = [
  ["user and password", login],
  ["base64", { auth: Buffer.from("jane:s:cret").toString("base64") }],
  ["base64 padded with zeros", { auth: Buffer.from("jane:s:cret\0\0").toString("base64") }],
];

for (const [what, auth] of accepted) {
  test(`basic authentication by ${what}`, async () => {
    const image = await resolveImage(client, secret, { auth: { ...nobody, ...auth } });
    assert.equal(image.repoDigest, oci.manifests[0]!.digest);
  });
}

test("basic authentication for this server, and none for another", async () => {
  const auth = { ...nobody, ...login };
  await client.manifest(secret, { auth: { ...auth, serverAddress: `http://${locked.address}/v2/` } });
  await assert.rejects(client.manifest(secret, { auth: { ...auth, serverAddress: "elsewhere.test" } }), {
    code: status.UNAUTHENTICATED,
    message: /credentials are needed/,
  });
});

test("a wrong password, no password, and an auth that is none", async () => {
  const wrong = { ...nobody, username: "jane", password: "guess" };
  await assert.rejects(client.manifest(secret, { auth: wrong }), (error: Error & { code: status }) => {
    assert.equal(error.code, status.UNAUTHENTICATED);
    return /UNAUTHORIZED/.test(error.message) && !error.message.includes("guess");
  });
  await assert.rejects(client.manifest(secret), { code: status.UNAUTHENTICATED });
  await assert.rejects(client.manifest(secret, { auth: { ...nobody, auth: "%%%" } }), {
    code: status.INVALID_ARGUMENT,
  });
});

test("credentials from auth.json, as the file is at that moment", async () => {
  const auth = Buffer.from("jane:s:cret").toString("base64");
  const wrong = Buffer.from("jane:no").toString("base64");
  writeFileSync(
    globalAuthFile,
    JSON.stringify({ auths: { [locked.address]: { auth: wrong }, [`${locked.address}/private`]: { auth } } }),
  );
  await client.manifest(secret);
  writeFileSync(globalAuthFile, JSON.stringify({ auths: { [`${locked.address}/privat`]: { auth } } }));
  await assert.rejects(client.manifest(secret), { code: status.UNAUTHENTICATED });
  writeFileSync(globalAuthFile, "secret{");
  await assert.rejects(client.manifest(secret), (error: Error & { code: status }) => {
    assert.equal(error.code, status.FAILED_PRECONDITION);
    return error.message.includes(globalAuthFile) && !error.message.includes("secret{");
  });
  rmSync(globalAuthFile);
  await assert.rejects(client.manifest(secret), { code: status.UNAUTHENTICATED });
});

test("credentials left for one pull by namespace and image, after the request's and before auth.json", async () => {
  const auth = Buffer.from("jane:s:cret").toString("base64");
  const hash = createHash("sha256").update("private.test/oci").digest("hex");
  const path = join(folder, `team-${hash}.json`);
  writeFileSync(path, JSON.stringify({ auths: { [`http://${locked.address}`]: { auth } } }));
  const namespacedAuth = takeNamespacedAuth(folder, "team", secret);
  const wrong = Buffer.from("jane:no").toString("base64");
  writeFileSync(globalAuthFile, JSON.stringify({ auths: { [locked.address]: { auth: wrong } } }));
  await client.manifest(secret, { namespacedAuth });
  await assert.rejects(client.manifest(secret, { namespacedAuth, auth: { ...nobody, auth: wrong } }), {
    code: status.UNAUTHENTICATED,
  });
  rmSync(globalAuthFile);
  assert.equal(takeNamespacedAuth(folder, "team", secret), undefined);
  assert.equal(takeNamespacedAuth(folder, "../team", secret), undefined);
});

test("registries.conf is read again when it changes, and stays as it was when it breaks", async () => {
  const reference = parseReference("new.test/oci:v1");
  await assert.rejects(client.manifest(reference), { message: /ECONNREFUSED/ });
  const dropIns = `${registriesConf}.d`;
  const lines: string[] = [];
  const restore = redirectLog((line) => lines.push(line));
  try {
    mkdirSync(dropIns);
    const rule = `[[registry]]\nprefix = "new.test"\nlocation = "${open.address}/mirrored"\ninsecure = true\n`;
    writeFileSync(join(dropIns, "10-new.conf"), rule);
    assert.equal((await client.manifest(reference)).digest, oci.manifests[0]!.digest);
    writeFileSync(join(dropIns, "20-bad.conf"), "[[registry]]\nlocation = 1\n");
    await client.manifest(reference);
    assert.equal(lines.filter((line) => line.includes("20-bad.conf")).length, 1);
  } finally {
    restore();
    rmSync(dropIns, { recursive: true, force: true });
  }
});
