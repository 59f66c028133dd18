import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import type { AuthConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { pushImage } from "../images/push.ts";
import { rawImage } from "../images/raw-image.ts";
import { rawTar } from "../images/raw-tar.ts";
import { type Fault, startFaultyProxy } from "../registry/faulty-proxy.ts";
import { Registry } from "../registry/registry.ts";
import { ScriptedServer } from "../registry/scripted-server.ts";
import { suite } from "../support/suite.ts";

const login = { username: "alice", password: "the-password-of-alice" };
const base64 = (plain: string) => Buffer.from(plain).toString("base64");
const basic = base64(`${login.username}:${login.password}`);
const tokens = { identity: "the-identity-token", registry: "the-registry-token", issued: "the-issued-token" };
const wrong = { username: "alice", password: "the-wrong-password" };
const secrets = [login.password, basic, wrong.password, base64(`alice:${wrong.password}`)];
secrets.push(...Object.values(tokens));

const isSecretIn = (content: string) => secrets.some((secret) => content.includes(secret));
const isTelling = (request: string) => /authorization|cookie|alice/i.test(request) || isSecretIn(request);

const folder = mkdtempSync(join(tmpdir(), "critter-secrets-"));
const authFile = join(folder, "auth.json");

describe("credentials", () => {
  const parts = suite({
    settings: { "crio.runtime": { log_level: "trace" }, "crio.image": { global_auth_file: authFile } },
  });
  let locked: Registry;
  let open: Registry;
  let layer: string;

  before(async () => {
    [locked, open] = await Promise.all([Registry.start({ auth: login }), Registry.start()]);
    const image = rawImage({ layers: [rawTar([{ name: "hello", content: "hello\n" }])] });
    layer = image.blobs[0]!.digest;
    await pushImage(locked.address, "team/app", "1", image, `Basic ${basic}`);
    await pushImage(open.address, "team/app", "1", image);
  });

  after(async () => {
    await Promise.all([locked?.stop(), open?.stop()]);
    rmSync(folder, { recursive: true });
  });

  function addRegistry(name: string, address: string): void {
    const table = `\n[[registry]]\nprefix = "${name}"\nlocation = "${address}"\ninsecure = true\n`;
    appendFileSync(join(parts.daemon.folder, "registries.conf"), table);
  }

  async function pull(registry: string, auth: Init<AuthConfig> | null): Promise<void> {
    const { image } = parts.daemon.client;
    const spec = { image: { image: `${registry}/team/app:1` } };
    await image.PullImage({ ...spec, auth });
    await image.RemoveImage(spec);
  }

  /** Sends who asks for the layer to another host, which notes what it is shown and answers as told. */
  async function redirecting(script: (body: Buffer, address: string) => [number, string, Buffer]) {
    const shown: string[] = [];
    let body: Buffer = Buffer.alloc(0);
    const other = await ScriptedServer.start(({ headers, url }, response) => {
      shown.push(JSON.stringify([headers, url]));
      const [code, challenge, bytes] = script(body, other.address);
      response.writeHead(code, challenge ? { "www-authenticate": challenge } : {}).end(bytes);
    });
    const redirect: Fault = (answer, response) => {
      if (!answer.path.endsWith(layer) || answer.status !== 200) return false;
      body = answer.body;
      const location = `http://${other.address}/bucket/key?signature=abc`;
      response.writeHead(307, { location, "set-cookie": "session=1" }).end();
      return true;
    };
    const proxy = await startFaultyProxy(locked.address, redirect);
    const dispose = async () => {
      await proxy[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    };
    return { proxy, other, shown, [Symbol.asyncDispose]: dispose };
  }

  it("do not follow a redirect to another host", async () => {
    await using hosts = await redirecting((body) => [200, "", body]);
    addRegistry("redirects.test", hosts.proxy.address);
    await pull("redirects.test", login);
    assert.equal(hosts.shown.length, 1);
    assert.deepEqual(hosts.shown.filter(isTelling), []);
    assert.ok(hosts.proxy.asked.some(({ authorization }) => authorization === `Basic ${basic}`));
  });

  it("are not for a host that a registry redirects to, whatever it asks for", async () => {
    const answers = ["Basic realm=x", "Bearer realm="];
    for (const [index, answer] of answers.entries()) {
      await using hosts = await redirecting((_, address) => {
        const challenge = answer.startsWith("Bearer") ? `${answer}"http://${address}/token"` : answer;
        return [401, challenge, Buffer.alloc(0)];
      });
      addRegistry(`asks${index}.test`, hosts.proxy.address);
      await assert.rejects(pull(`asks${index}.test`, login), {
        code: status.UNAUTHENTICATED,
        message: new RegExp(
          `blob ${layer} of .*: ${hosts.other.address}, to which it redirects, answered 401`,
        ),
      });
      assert.equal(hosts.shown.length, 1);
      assert.deepEqual(hosts.shown.filter(isTelling), []);
    }
  });

  it("of every form open the registry, and are in no file of the daemon's and in no error", async () => {
    const forms: string[] = [];
    await using server = await ScriptedServer.start(async (request, response) => {
      const form = new URLSearchParams(await text(request));
      forms.push(form.get("refresh_token") ?? "");
      response.end(JSON.stringify({ access_token: tokens.issued }));
    });
    const takes = [`Bearer ${tokens.issued}`, `Bearer ${tokens.registry}`];
    const wantToken: Fault = ({ authorization }, response) => {
      if (takes.includes(authorization ?? "")) return false;
      const challenge = `Bearer realm="http://${server.address}/token",service="x"`;
      response.writeHead(401, { "www-authenticate": challenge }).end();
      return true;
    };
    await using bearer = await startFaultyProxy(open.address, wantToken);
    addRegistry("bearer.test", bearer.address);
    addRegistry("locked.test", locked.address);

    await pull("locked.test", login);
    await pull("locked.test", { auth: basic });
    await pull("bearer.test", { identityToken: tokens.identity });
    assert.deepEqual(forms, [tokens.identity]);
    await pull("bearer.test", { registryToken: tokens.registry });
    writeFileSync(authFile, JSON.stringify({ auths: { [locked.address]: { auth: basic } } }));
    await pull("locked.test", null);
    writeFileSync(authFile, `{"auths": {"${locked.address}": {"auth": "${basic}"`);
    const failing: [string, Init<AuthConfig> | null][] = [
      ["locked.test", wrong],
      ["locked.test", { identityToken: tokens.identity }],
      ["locked.test", { registryToken: tokens.registry }],
      ["locked.test", { auth: base64(login.password) }],
      ["locked.test", null],
      ["not a name", login],
    ];
    for (const [registry, auth] of failing) {
      await assert.rejects(pull(registry, auth), (error: Error) => !isSecretIn(error.message));
    }
    rmSync(authFile);

    const { daemon } = parts;
    const names = readdirSync(daemon.folder, { recursive: true, withFileTypes: true });
    const files = names
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    assert.ok(files.includes(join(daemon.folder, "critter.log")));
    assert.ok(files.includes(join(daemon.folder, "root", "state.db")));
    assert.deepEqual(
      files.filter((path) => isSecretIn(readFileSync(path, "latin1"))),
      [],
    );
  });
});
