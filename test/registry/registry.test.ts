import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { file } from "../images/contents.ts";
import { type BuiltImage, buildImage } from "../images/image.ts";
import { pushImage } from "../images/push.ts";
import { Registry } from "./registry.ts";

function smallImage(): BuiltImage {
  return buildImage({
    references: [],
    layers: [[file("hello", "hello\n")]],
    config: { Cmd: ["/hello"] },
    format: "oci",
    multiPlatform: true,
  });
}

test("the same recipe gives the same digests; each list names a foreign platform first", () => {
  const [first, second] = [smallImage(), smallImage()];
  assert.deepEqual(first, second);
  const { manifests } = JSON.parse(first.manifests.at(-1)!.body.toString());
  const architectures = manifests.map(
    (entry: { platform: { architecture: string } }) => entry.platform.architecture,
  );
  assert.deepEqual(architectures, ["arm64", "amd64"]);
});

test("a registry with a password answers nobody else", async () => {
  const auth = { username: "alice", password: "open sesame" };
  const authorization = `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString("base64")}`;
  await using registry = await Registry.start({ auth });
  await pushImage(registry.address, "example.test/small", "1", smallImage(), authorization);
  const url = `http://${registry.address}/v2/example.test/small/tags/list`;
  const refused = await fetch(url);
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get("www-authenticate") ?? "", /^Basic/);
  const answer = await fetch(url, { headers: { authorization } });
  assert.deepEqual(await answer.json(), { name: "example.test/small", tags: ["1"] });
});

test("a registry ends with its parent, however that ends", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "critter-orphan-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const code = `
    import { Registry } from ${JSON.stringify(import.meta.resolve("./registry.ts"))};
    console.log((await Registry.start()).address);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TMPDIR: folder },
  });
  const [address] = await once(parent.stdout.setEncoding("utf8"), "data");
  assert.equal((await fetch(`http://${address.trim()}/v2/`)).status, 200);
  parent.kill("SIGKILL");
  await once(parent, "exit");
  await assert.rejects(async () => {
    // The kernel ends the child just after the parent; a connection that it still took is cut.
    for (let attempt = 0; attempt < 100; attempt++)
      await (await fetch(`http://${address.trim()}/v2/`)).text();
  });
});
