import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { ImageConfig } from "../../test/images/image.ts";
import { pushImage } from "../../test/images/push.ts";
import { rawImage } from "../../test/images/raw-image.ts";
import { rawTar } from "../../test/images/raw-tar.ts";
import { Registry } from "../../test/registry/registry.ts";
import type { Image, ImageSpec, ImageStatusResponse, ListImagesResponse } from "../cri/messages.ts";
import { loadCri } from "../cri/proto.ts";
import { redirectLog } from "../log.ts";
import { RegistryClient } from "../registry/client.ts";
import { podConfig } from "../sandbox/fixtures.test.ts";
import { openDatabase } from "../state/database.ts";
import type { ImageRecord } from "../storage/image-record.ts";
import { openStorage, type Storage } from "../storage/storage.ts";
import type { ImageServiceContext } from "./context.ts";
import { ImageEntries } from "./image-entries.ts";
import { imageFsInfo } from "./image-fs-info.ts";
import { listImages } from "./image-list.ts";
import { pullImage } from "./image-pull.ts";
import { removeImage } from "./image-remove.ts";
import { imageStatus } from "./image-status.ts";

const { ImageService: methods } = loadCri();
const folder = mkdtempSync(join(tmpdir(), "critter-image-service-"));
const restoreLog = redirectLog(() => {});
const database = openDatabase(":memory:");
let registry: Registry;
let client: RegistryClient;
let storage: Storage;
let context: ImageServiceContext;

before(async () => {
  registry = await Registry.start();
  const registriesConf = join(folder, "registries.conf");
  const mirrored = ["one.test", "two.test"].map(
    (name) =>
      `[[registry]]\nlocation = "${name}"\n[[registry.mirror]]\nlocation = "${registry.address}"\ninsecure = true\n`,
  );
  writeFileSync(registriesConf, mirrored.join("\n"));
  client = new RegistryClient({ registriesConf, rounds: 1 });
  storage = await openStorage({ root: join(folder, "storage"), database, registry: client });
  const isPinned = ({ repoTags }: ImageRecord) => repoTags.some((name) => name.includes("pause"));
  context = {
    storage,
    entries: new ImageEntries(methods.ListImages.responseSerialize, () => isPinned),
    encodeInfo: methods.ImageStatus.responseSerialize,
  };
});

after(async () => {
  await storage.close();
  await client.close();
  await registry.stop();
  database.close();
  rmSync(folder, { recursive: true });
  restoreLog();
});

/** Plain objects: what protobuf makes has a prototype of its own. */
const decoded = <T>(message: unknown): T => JSON.parse(JSON.stringify(message));
const specOf = (image: string): ImageSpec => ({
  image,
  annotations: {},
  userSpecifiedImage: "",
  runtimeHandler: "",
  imageRef: "",
});
const push = async (name: string, tag: string, config: ImageConfig = {}) => {
  const built = rawImage({ layers: [rawTar([{ name, content: name }])], config });
  await pushImage(registry.address, name, tag, built);
  return built.manifests[0]!.digest;
};
const pull = async (image: string, spec: Partial<ImageSpec> = {}) => {
  const request = { image: { ...specOf(image), ...spec }, auth: null, sandboxConfig: null };
  return (await pullImage(context, request)).imageRef;
};
const statusOf = async (image: string, verbose = false) =>
  decoded<ImageStatusResponse>(
    methods.ImageStatus.responseDeserialize(imageStatus(context, { image: specOf(image), verbose })),
  );
const remove = (image: string) => removeImage(context, { image: specOf(image) });
const list = async (image = "") => {
  const answer = listImages(context, { filter: image ? { image: specOf(image) } : null });
  return decoded<ListImagesResponse>(methods.ListImages.responseDeserialize(answer)).images;
};

test("an image is the same whatever it is asked for by, and imageRef is its ID", async () => {
  const digest = await push("same", "v1");
  const id = await pull("one.test/same:v1", { userSpecifiedImage: "same", runtimeHandler: "runc" });
  const { image } = await statusOf("one.test/same:v1");
  assert.equal(image?.id, id);
  assert.deepEqual(image.repoTags, ["one.test/same:v1"]);
  assert.deepEqual(image.repoDigests, [`one.test/same@${digest}`]);
  assert.equal(image.spec?.runtimeHandler, "runc");
  assert.equal(image.spec?.userSpecifiedImage, "same");
  for (const name of [id, id.slice(7), ...image.repoTags, ...image.repoDigests]) {
    assert.deepEqual((await statusOf(name)).image, image);
    assert.deepEqual(await list(name), [image]);
  }
  await remove(id);
  assert.deepEqual(await list(), []);
});

test("one image from two registries is one, and goes as one", async () => {
  const digest = await push("pause", "3.9");
  const ids = await Promise.all(["one.test/pause:3.9", "two.test/pause:3.9"].map((name) => pull(name)));
  assert.equal(ids[0], ids[1]);
  const [image, ...others] = await list();
  assert.deepEqual(image?.repoTags.sort(), ["one.test/pause:3.9", "two.test/pause:3.9"]);
  assert.deepEqual(image.repoDigests.sort(), [`one.test/pause@${digest}`, `two.test/pause@${digest}`]);
  assert.equal(image?.pinned, true);
  assert.deepEqual(others, []);
  await remove("two.test/pause:3.9");
  assert.equal((await statusOf("one.test/pause:3.9")).image, null);
});

test("the user of an image is a number or a name", async () => {
  const table: [string | undefined, Image["uid"], string][] = [
    ["1002", { value: 1002 }, ""],
    ["1003:users", { value: 1003 }, ""],
    ["0", { value: 0 }, ""],
    ["0:0", { value: 0 }, ""],
    ["4294967294", { value: 4294967294 }, ""],
    ["www-data", null, "www-data"],
    ["www-data:100", null, "www-data"],
    ["1st-user", null, "1st-user"],
    [undefined, null, ""],
  ];
  for (const [index, [User, uid, username]] of table.entries()) {
    await push("user", `${index}`, { User });
    const id = await pull(`one.test/user:${index}`);
    const { image } = await statusOf(id);
    assert.deepEqual([image?.uid, image?.username], [uid, username]);
    await remove(id);
  }
});

test("what is not here is absent from an answer, and removed already", async () => {
  assert.deepEqual(await statusOf("one.test/absent:v1", true), { image: null, info: {} });
  assert.deepEqual(await list("one.test/absent:v1"), []);
  await remove("0".repeat(64));
  await remove("one.test/absent:v1");
  await push("raced", "v1");
  const id = await pull("one.test/raced:v1");
  const removals = Array.from({ length: 5 }, async () => {
    await remove(id);
    assert.equal((await statusOf(id)).image, null);
  });
  await Promise.all(removals);
});

test("wrong requests name their field", async () => {
  const invalid = { code: status.INVALID_ARGUMENT, message: /image/ };
  await assert.rejects(pull(""), invalid);
  await assert.rejects(pull("one.test/UPPER"), invalid);
  await assert.rejects(pullImage(context, { image: null, auth: null, sandboxConfig: null }), invalid);
  const sandboxConfig = podConfig({ metadata: { namespace: "../team" } });
  await assert.rejects(pullImage(context, { image: specOf("one.test/a"), auth: null, sandboxConfig }), {
    code: status.INVALID_ARGUMENT,
    message: /^sandbox_config.metadata.namespace is "..\/team"/,
  });
  await assert.rejects(statusOf(""), invalid);
  await assert.rejects(remove(""), invalid);
  await assert.rejects(pull("one.test/absent:v1"), { code: status.NOT_FOUND });
});

test("verbose, an image tells its configuration, and one on its way its progress", async (t) => {
  await push("slow", "v1", { Env: ["A=b"] });
  const name = "one.test/slow:v1";
  const { blob } = client;
  const gate = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  t.mock.method(client, "blob", async (...args: Parameters<RegistryClient["blob"]>) => {
    if (args[1].mediaType.includes("layer")) {
      opened.resolve();
      await gate.promise;
    }
    return blob.apply(client, args);
  });
  const pulling = pull(name);
  await opened.promise;
  const { image, info } = await statusOf(name, true);
  assert.equal(image, null);
  const { reference, layers } = JSON.parse(info.pull!);
  assert.equal(reference, name);
  assert.deepEqual([layers.length, layers[0].downloaded, layers[0].state], [1, 0, "downloading"]);
  gate.resolve();
  await pulling;
  const after = await statusOf(name, true);
  assert.deepEqual(Object.keys(after.info), ["info"]);
  assert.deepEqual(JSON.parse(after.info.info!).imageSpec.config.Env, ["A=b"]);
  assert.deepEqual((await statusOf(name)).info, {});
});

test("ImageFsInfo is what the images' layers take", async () => {
  const { imageFilesystems, containerFilesystems } = await imageFsInfo(context, {});
  const [usage] = imageFilesystems;
  assert.deepEqual(containerFilesystems, imageFilesystems);
  assert.equal(usage?.fsId?.mountpoint, join(folder, "storage"));
  const before = Number(usage?.usedBytes?.value);
  await push("usage", "v1");
  const id = await pull("one.test/usage:v1");
  const during = (await imageFsInfo(context, {})).imageFilesystems[0];
  assert.equal(Number(during?.usedBytes?.value), before + 4096);
  assert.equal(Number(during?.inodesUsed?.value), Number(usage?.inodesUsed?.value) + 1);
  await remove(id);
  assert.equal(Number((await imageFsInfo(context, {})).imageFilesystems[0]?.usedBytes?.value), before);
});
