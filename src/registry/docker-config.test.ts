import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { clientOf, image, sendManifest } from "../../test/registry/scripted-image.ts";
import { ScriptedServer } from "../../test/registry/scripted-server.ts";
import { redirectLog, setLogLevel } from "../log.ts";
import { dockerConfigPath } from "./auth-file.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-docker-config-"));
const config = join(folder, "config.json");
const globalAuthFile = join(folder, "auth.json");
let lines: string[] = [];
let restoreLog = () => {};

beforeEach(() => {
  process.env.DOCKER_CONFIG = folder;
  setLogLevel("debug");
  restoreLog = redirectLog((line) => lines.push(line));
});
afterEach(() => {
  restoreLog();
  setLogLevel("info");
  delete process.env.DOCKER_CONFIG;
  for (const path of [config, globalAuthFile]) rmSync(path, { force: true });
  lines = [];
});
after(() => rmSync(folder, { recursive: true }));

const base64 = (text: string) => Buffer.from(text).toString("base64");
const entry = (login: string) => ({ auth: base64(login) });

/** A registry that wants a login, and tells who came. */
async function lockedRegistry(users: string[]) {
  return await ScriptedServer.start(({ headers }, response) => {
    const { authorization } = headers;
    if (!authorization) return response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
    users.push(Buffer.from(authorization.slice(6), "base64").toString());
    return sendManifest(response);
  });
}

test("it is where $DOCKER_CONFIG says, else in the home folder", () => {
  assert.equal(dockerConfigPath({ DOCKER_CONFIG: "/x" }), "/x/config.json");
  assert.equal(dockerConfigPath({}), join(homedir(), ".docker/config.json"));
});

test("its credentials come after those of auth.json", async () => {
  const users: string[] = [];
  await using registry = await lockedRegistry(users);
  await using client = clientOf([registry], { globalAuthFile });
  writeFileSync(config, JSON.stringify({ auths: { [`http://${registry.address}/v1/`]: entry("docker:p") } }));
  await client.manifest(image);
  writeFileSync(globalAuthFile, JSON.stringify({ auths: { [registry.address]: entry("podman:p") } }));
  await client.manifest(image);
  assert.deepEqual(users, ["docker:p", "podman:p"]);
});

test("helpers are not asked, and that is said once, for debugging", async () => {
  await using registry = await lockedRegistry([]);
  await using client = clientOf([registry]);
  const auths = { [registry.address]: {} };
  writeFileSync(config, JSON.stringify({ auths, credsStore: "pass", credHelpers: { "gcr.io": "gcloud" } }));
  for (const _ of [1, 2])
    await assert.rejects(client.manifest(image), {
      code: status.UNAUTHENTICATED,
      message: /credentials are needed/,
    });
  assert.equal(lines.filter((line) => line.includes("credential helpers are not asked")).length, 1);
});

test("a file that is broken is named, its content is not", async () => {
  await using registry = await lockedRegistry([]);
  await using client = clientOf([registry]);
  writeFileSync(config, '{"auths": secret');
  await assert.rejects(client.manifest(image), ({ message }: Error) => {
    assert.ok(message.includes(config));
    return !message.includes("secret");
  });
});
