import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { AuthConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { file } from "../images/contents.ts";
import { buildImage } from "../images/image.ts";
import { pushImage } from "../images/push.ts";
import { Registry } from "../registry/registry.ts";
import { outcome } from "../support/cri.ts";
import { suite } from "../support/suite.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-auth-"));
const authFile = join(folder, "auth.json");
describe("a private registry", () => {
  const parts = suite({ settings: { "crio.image": { global_auth_file: authFile } } });

  const alice = { username: "alice", password: "open: sesame" };
  const basic = Buffer.from(`${alice.username}:${alice.password}`).toString("base64");
  const IMAGE = "private.test/team/app:1";
  let registry: Registry;

  before(async () => {
    registry = await Registry.start({ auth: alice });
    const layers = [[file("hello", "hello\n")]];
    const image = buildImage({ references: [], layers, config: { Cmd: ["/hello"] }, format: "docker" });
    await pushImage(registry.address, "team/app", "1", image, `Basic ${basic}`);
    const table = `\n[[registry]]\nprefix = "private.test"\nlocation = "${registry.address}"\ninsecure = true\n`;
    appendFileSync(join(parts.daemon.folder, "registries.conf"), table);
  });

  after(async () => {
    await registry?.stop();
    rmSync(folder, { recursive: true });
  });

  async function pull(auth: Init<AuthConfig> | null = null): Promise<string> {
    const { image } = parts.daemon.client;
    const code = await outcome(image.PullImage({ image: { image: IMAGE }, auth }));
    await image.RemoveImage({ image: { image: IMAGE } });
    return code;
  }

  it("a private image is for nobody without the password", async () => {
    assert.equal(await pull(), "UNAUTHENTICATED");
    assert.equal(await pull({ username: "alice", password: "wrong" }), "UNAUTHENTICATED");
    assert.equal(await pull({ auth: "not base64 of a pair" }), "INVALID_ARGUMENT");
  });

  it("the request's AuthConfig opens it: name and password, or both in one", async () => {
    assert.equal(await pull(alice), "OK");
    assert.equal(await pull({ auth: basic }), "OK");
    assert.equal(await pull({ ...alice, serverAddress: `http://${registry.address}/v2/` }), "OK");
    const elsewhere = { ...alice, serverAddress: "other.test" };
    assert.equal(await pull(elsewhere), "UNAUTHENTICATED", "a password is shown to no other registry");
  });

  it("global_auth_file opens it as soon as it is written, for the place that it names", async () => {
    const write = (key: string) =>
      writeFileSync(authFile, JSON.stringify({ auths: { [key]: { auth: basic } } }));
    write(`${registry.address}/other`);
    assert.equal(await pull(), "UNAUTHENTICATED");
    write(`${registry.address}/team`);
    assert.equal(await pull(), "OK");
    assert.equal(
      await pull({ username: "bob", password: "his" }),
      "UNAUTHENTICATED",
      "the request's goes before",
    );
    writeFileSync(authFile, "{");
    assert.equal(await pull(), "FAILED_PRECONDITION");
    rmSync(authFile);
  });
});
