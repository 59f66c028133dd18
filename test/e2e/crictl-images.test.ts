import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Image } from "../../src/cri/messages.ts";
import { file } from "../images/contents.ts";
import { buildImage } from "../images/image.ts";
import { pushImage } from "../images/push.ts";
import { Registry } from "../registry/registry.ts";
import { BUSYBOX, HTTPD, NGINX } from "../support/configs.ts";
import { withoutCrictl } from "../support/crictl.ts";
import { CrictlPod, crictlSuite } from "../support/crictl-suite.ts";

describe("images by crictl", { skip: withoutCrictl }, () => {
  const parts = crictlSuite();
  const alice = { username: "alice", password: "open: sesame" };
  const PRIVATE = "private.test/team/app:1";
  let registry: Registry;

  before(async () => {
    registry = await Registry.start({ auth: alice });
    const layers = [[file("hello", "hello\n")]];
    const image = buildImage({ references: [], layers, config: { Cmd: ["/hello"] }, format: "docker" });
    const basic = Buffer.from(`${alice.username}:${alice.password}`).toString("base64");
    await pushImage(registry.address, "team/app", "1", image, `Basic ${basic}`);
    const table = `\n[[registry]]\nprefix = "private.test"\nlocation = "${registry.address}"\ninsecure = true\n`;
    appendFileSync(join(parts.daemon.folder, "registries.conf"), table);
  });
  after(() => registry?.stop());

  it("pull, images, inspecti and rmi, by tag, digest, id and the beginning of an id", async () => {
    const { crictl, daemon } = parts;
    const pulled = await crictl.ok("pull", NGINX);
    const id = /^Image is up to date for (sha256:[0-9a-f]{64})$/.exec(pulled)?.[1];
    assert.ok(id, pulled);
    const { images } = await crictl.json<{ images: Image[] }>("images", NGINX);
    const filter = { image: { image: NGINX } };
    assert.deepEqual(
      images.map(({ id }) => id),
      [id],
    );
    assert.partialDeepStrictEqual((await daemon.client.image.ListImages({ filter })).images, images);
    const [repository, tag] = NGINX.split(":");
    const line = new RegExp(`^${repository} +${tag} +${id.slice(7, 20)} +[\\d.]+MB$`, "m");
    assert.match(await crictl.ok("images"), line);
    assert.match(await crictl.ok("images", "--digests"), /sha256:|[0-9a-f]{13}/);
    assert.ok((await crictl.ok("images", "--quiet")).split("\n").includes(id));

    for (const name of [NGINX, id, id.slice(7, 20), images[0]!.repoDigests[0]!]) {
      const { status, info } = await crictl.json<Inspected>("inspecti", name);
      assert.equal(status.id, id);
      assert.equal(info.imageSpec.os, "linux");
      assert.deepEqual(info.imageSpec.config.ExposedPorts, { "80/tcp": {} });
      assert.match(info.chainID, /^sha256:/);
    }
    const template = "{{.status.id}}";
    assert.equal(await crictl.ok("inspecti", "-o", "go-template", "--template", template, NGINX), id);
    assert.match(await crictl.ok("inspecti", "-o", "table", NGINX), new RegExp(`^Tag: ${NGINX}$`, "m"));

    assert.equal(await crictl.ok("rmi", id.slice(7, 20)), `Deleted: ${NGINX}`);
    assert.match(await crictl.refusal("rmi", NGINX), /no such image/);
    assert.match(await crictl.refusal("inspecti", NGINX), /no such image/);
    assert.equal(await crictl.ok("images", "--quiet", NGINX), "");
  });

  it("pull of a private image takes --creds, --auth, and says what is wrong without", async () => {
    const { crictl } = parts;
    const { username, password } = alice;
    assert.match(await crictl.refusal("pull", PRIVATE), /Unauthenticated|unauthorized|UNAUTHORIZED/);
    assert.match(await crictl.refusal("pull", "--creds", "alice:wrong", PRIVATE), /private\.test\/team\/app/);
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    for (const flags of [
      ["--creds", `${username}:${password}`],
      ["--auth", auth],
    ]) {
      await crictl.ok("pull", ...flags, PRIVATE);
      assert.equal(await crictl.ok("rmi", PRIVATE), `Deleted: ${PRIVATE}`);
    }
    assert.match(await crictl.refusal("pull", "private.test/team/absent:1"), /private\.test\/team\/absent/);
    assert.match(await crictl.refusal("pull", "not a name"), /not a name/);
  });

  it("create --with-pull pulls, and rmi --prune leaves what is in use", async () => {
    const { crictl } = parts;
    await using pod = await CrictlPod.run(parts);
    await pod.start();
    await crictl.ok("pull", HTTPD);
    await crictl.ok("rmi", "--prune");
    const left = await crictl.json<{ images: Image[] }>("images");
    const tags = left.images.flatMap(({ repoTags }) => repoTags);
    assert.ok(tags.includes(BUSYBOX) && !tags.includes(HTTPD), String(tags));
    const container = crictl.file("pulling.json", { metadata: { name: "pulling" }, image: { image: HTTPD } });
    await crictl.ok("create", "--with-pull", pod.id, container, pod.file);
    assert.notEqual(await crictl.ok("images", "--quiet", HTTPD), "");
    await crictl.ok("rm", "--force", await crictl.ok("ps", "--all", "--quiet", "--name", "^pulling$"));
    await crictl.ok("rmi", HTTPD);
  });

  it("imagefsinfo is what ImageFsInfo answers", async () => {
    const { crictl, daemon } = parts;
    type Answer = { status: { imageFilesystems: { fsId: object; usedBytes: object }[] } };
    const { status } = await crictl.json<Answer>("imagefsinfo");
    const { imageFilesystems } = await daemon.client.image.ImageFsInfo();
    assert.deepEqual(status.imageFilesystems[0]!.fsId, imageFilesystems[0]!.fsId);
    assert.deepEqual(status.imageFilesystems[0]!.usedBytes, imageFilesystems[0]!.usedBytes);
  });
});

interface Inspected {
  status: Image;
  info: { chainID: string; imageSpec: { os: string; config: { ExposedPorts: object } } };
}
