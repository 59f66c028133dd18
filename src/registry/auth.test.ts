import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { ScriptedServer } from "../../test/registry/scripted-server.ts";
import { parseChallenges } from "./challenge.ts";
import { RegistryClient } from "./client.ts";
import { parseReference } from "./reference.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-auth-"));
after(() => rmSync(folder, { recursive: true }));

const noAuth = {
  serverAddress: "",
  username: "",
  password: "",
  auth: "",
  identityToken: "",
  registryToken: "",
};
const manifest = JSON.stringify({
  schemaVersion: 2,
  config: {
    mediaType: "application/vnd.oci.image.config.v1+json",
    digest: `sha256:${"0".repeat(64)}`,
    size: 1,
  },
  layers: [],
});

interface TokenAnswer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** A registry that takes the tokens in `valid`, and the token server it points to. */
async function registryWithTokens(
  answer: (request: IncomingMessage) => Promise<TokenAnswer> | TokenAnswer,
  rounds = 1,
) {
  const valid = new Set<string>();
  const tokens = await ScriptedServer.start(async (request, response) => {
    const { status: code, body, headers } = await answer(request);
    response.writeHead(code, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  const registry = await ScriptedServer.start((request, response) => {
    if (valid.has(request.headers.authorization ?? "")) return response.writeHead(200).end(manifest);
    const challenge = `Bearer realm="http://${tokens.address}/token",service="the registry"`;
    return response.writeHead(401, { "www-authenticate": challenge }).end();
  });
  const path = join(mkdtempSync(join(folder, "conf-")), "registries.conf");
  writeFileSync(
    path,
    `[[registry]]\nprefix = "image.test"\nlocation = "${registry.address}"\ninsecure = true\n`,
  );
  const client = new RegistryClient({ registriesConf: path, rounds, delay: 1 });
  const dispose = async () => {
    await client.close();
    await tokens[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  };
  return { valid, tokens, registry, client, [Symbol.asyncDispose]: dispose };
}

const image = parseReference("image.test/team/app:v1");

test("an anonymous token is fetched once, kept, and fetched anew when it is refused", async () => {
  let issued = 0;
  await using parts = await registryWithTokens(() => ({
    status: 200,
    body: { token: `t${++issued}`, expires_in: 300 },
  }));
  parts.valid.add("Bearer t1");
  await parts.client.manifest(image);
  await parts.client.manifest(image);
  assert.deepEqual(parts.tokens.requests, [
    "GET /token?service=the+registry&scope=repository%3Ateam%2Fapp%3Apull",
  ]);
  parts.valid.clear();
  parts.valid.add("Bearer t2");
  await parts.client.manifest(image);
  assert.equal(issued, 2);
});

test("a token goes to its own repository and credential only", async () => {
  const seen: (string | undefined)[] = [];
  await using parts = await registryWithTokens(({ headers }) => {
    seen.push(headers.authorization);
    return { status: 200, body: { access_token: "t" } };
  });
  parts.valid.add("Bearer t");
  const auth = { ...noAuth, username: "jane", password: "secret" };
  await parts.client.manifest(image, { auth });
  await parts.client.manifest(image);
  await parts.client.manifest(parseReference("image.test/other:v1"), { auth });
  const jane = `Basic ${Buffer.from("jane:secret").toString("base64")}`;
  assert.deepEqual(seen, [jane, undefined, jane]);
});

test("an expired token is not sent", async () => {
  await using parts = await registryWithTokens(() => ({ status: 200, body: { token: "t", expires_in: 0 } }));
  parts.valid.add("Bearer t");
  await parts.client.manifest(image);
  await parts.client.manifest(image);
  assert.equal(parts.tokens.requests.length, 2);
});

test("an identity token is exchanged by OAuth2", async () => {
  let form = "";
  await using parts = await registryWithTokens(async (request) => {
    form = await text(request);
    return { status: 200, body: { access_token: "t" } };
  });
  parts.valid.add("Bearer t");
  await parts.client.manifest(image, { auth: { ...noAuth, identityToken: "refresh me" } });
  assert.deepEqual(parts.tokens.requests, ["POST /token"]);
  assert.equal(new URLSearchParams(form).get("grant_type"), "refresh_token");
  assert.equal(new URLSearchParams(form).get("refresh_token"), "refresh me");
});

test("a registry token is sent as it is", async () => {
  await using parts = await registryWithTokens(() => ({ status: 500, body: "" }));
  parts.valid.add("Bearer mine");
  await parts.client.manifest(image, { auth: { ...noAuth, registryToken: "mine" } });
  assert.equal(parts.tokens.requests.length, 0);
  await assert.rejects(parts.client.manifest(image, { auth: { ...noAuth, registryToken: "old" } }), {
    code: status.UNAUTHENTICATED,
    message: /not accepted/,
  });
});

test("a registry token that no header can have is the request's fault, and is not shown", async () => {
  await using parts = await registryWithTokens(() => ({ status: 500, body: "" }));
  for (const registryToken of ["mine\r\nX-Injected: a", "a b", "\u0100"]) {
    await assert.rejects(parts.client.manifest(image, { auth: { ...noAuth, registryToken } }), {
      code: status.INVALID_ARGUMENT,
      message: /auth\.registry_token is not a token of printable ASCII characters$/,
    });
  }
});

const failures: [what: string, answer: TokenAnswer, code: status, message: RegExp][] = [
  ["refuses", { status: 401, body: "" }, status.UNAUTHENTICATED, /gives no token: credentials are needed/],
  ["is broken", { status: 500, body: "" }, status.UNAVAILABLE, /answered 500 for a token/],
  ["gives no token", { status: 200, body: {} }, status.FAILED_PRECONDITION, /without a token/],
  ["speaks no JSON", { status: 200, body: "<html>" }, status.FAILED_PRECONDITION, /without a token/],
  ["gives a useless one", { status: 200, body: { token: "x" } }, status.UNAUTHENTICATED, /answered 401/],
];

for (const [what, answer, code, message] of failures) {
  test(`a token server that ${what}`, async () => {
    await using parts = await registryWithTokens(() => answer);
    await assert.rejects(parts.client.manifest(image), { code, message });
  });
}

test("a token server that asks for patience gets it, for as long as is reasonable", async () => {
  const answers: TokenAnswer[] = [
    { status: 429, body: "", headers: { "retry-after": "0" } },
    { status: 200, body: { token: "t" } },
  ];
  await using parts = await registryWithTokens(() => answers.shift()!, 4);
  parts.valid.add("Bearer t");
  await parts.client.manifest(image);
  const busy: TokenAnswer = { status: 503, body: "", headers: { "retry-after": "3600" } };
  await using down = await registryWithTokens(() => busy, 4);
  await assert.rejects(down.client.manifest(image), { code: status.UNAVAILABLE });
  assert.equal(down.tokens.requests.length, 1);
});

test("challenges are read in every legal form", () => {
  assert.deepEqual(parseChallenges('Bearer realm="https://a/t?x=1,2",service=reg, scope="a b"'), [
    { scheme: "bearer", parameters: { realm: "https://a/t?x=1,2", service: "reg", scope: "a b" } },
  ]);
  assert.deepEqual(parseChallenges('Negotiate, Basic realm="say \\"hi\\"", charset = "UTF-8"'), [
    { scheme: "negotiate", parameters: {} },
    { scheme: "basic", parameters: { realm: 'say "hi"', charset: "UTF-8" } },
  ]);
  assert.deepEqual(parseChallenges("Basic realm=x, Bearer realm=y"), [
    { scheme: "basic", parameters: { realm: "x" } },
    { scheme: "bearer", parameters: { realm: "y" } },
  ]);
  assert.deepEqual(parseChallenges(""), []);
});
