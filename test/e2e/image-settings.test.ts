import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { rawImage } from "../images/raw-image.ts";
import { rawTar } from "../images/raw-tar.ts";
import { ScriptedServer } from "../registry/scripted-server.ts";
import { startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";

const NAME = "registry.k8s.io/settings/app:v1";

test("pull_progress_timeout ends a pull that hangs; pinned_images changes with SIGHUP", async () => {
  const layers = [rawTar([{ name: "large", content: Buffer.alloc(6_000_000, "x") }])];
  const built = rawImage({ layers, compress: (bytes) => bytes });
  const [manifest] = built.manifests;
  let hangs = true;
  const ranges: (string | undefined)[] = [];
  await using server = await ScriptedServer.start(({ url = "", headers }, response) => {
    const blob = built.blobs.find(({ digest }) => url.endsWith(digest));
    const from = Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
    const body = (blob ?? manifest!).body.subarray(from);
    const type = { "content-type": (blob ?? manifest!).mediaType, "content-length": body.length };
    const total = from + body.length;
    const range = { "content-range": `bytes ${from}-${total - 1}/${total}` };
    response.writeHead(from ? 206 : 200, from ? { ...type, ...range } : type);
    if (body.length < 1_000_000) return void response.end(body);
    ranges.push(headers.range);
    if (hangs) response.write(body.subarray(0, 5_000_000));
    else response.end(body);
  });
  const settings = { "crio.image": { pull_progress_timeout: "500ms", pinned_images: ["none.test/x"] } };
  await using daemon = await startDaemon({ registry: server.address, settings });
  const { image } = daemon.client;

  await assert.rejects(image.PullImage({ image: { image: NAME } }), {
    code: status.DEADLINE_EXCEEDED,
    message: /settings\/app:v1: no byte has come for 0.5 s \(crio.image.pull_progress_timeout\)/,
  });
  const overlay = join(daemon.folder, "root", "storage", "overlay");
  await eventually(async () => assert.deepEqual(readdirSync(overlay), []));
  assert.deepEqual((await image.ListImages({})).images, []);
  hangs = false;
  await image.PullImage({ image: { image: NAME } });
  assert.match(ranges.at(-1) ?? "", /^bytes=[1-9]\d{6,}-$/);

  const pinned = async () => (await image.ImageStatus({ image: { image: NAME } })).image?.pinned;
  assert.equal(await pinned(), false);
  const config = readFileSync(daemon.configFile, "utf8");
  const reload = (pattern: string) => {
    writeFileSync(daemon.configFile, config.replace("none.test/x", pattern));
    process.kill(daemon.pid, "SIGHUP");
  };
  reload("registry.k8s.io/settings/*");
  await eventually(async () => assert.equal(await pinned(), true));
  reload("*nothing*");
  await eventually(async () => assert.equal(await pinned(), false));
});
