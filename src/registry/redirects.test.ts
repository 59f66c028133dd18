import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { clientOf, descriptor, image, layer, sendLayer } from "../../test/registry/scripted-image.ts";
import { type Script, ScriptedServer } from "../../test/registry/scripted-server.ts";

const auth = {
  serverAddress: "",
  username: "jane",
  password: "open sesame",
  auth: "",
  identityToken: "",
  registryToken: "",
};

/** A registry that wants a password, and then sends to where `target` says. */
function redirecting(target: () => string): Script {
  return (request, response) => {
    if (request.url === "/back") return sendLayer(request, response);
    if (!request.headers.authorization)
      return response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
    return response.writeHead(307, { location: target() }).end();
  };
}

for (const scheme of ["Basic realm=x", "Bearer realm="]) {
  test(`another host's challenge ${scheme} is answered by nobody`, async () => {
    const seen: (string | undefined)[] = [];
    await using other = await ScriptedServer.start(({ headers, url }, response) => {
      seen.push(headers.authorization, new URL(url!, "http://x").search);
      const realm = scheme.endsWith("=") ? `"http://${other.address}/token"` : "";
      response.writeHead(401, { "www-authenticate": scheme + realm }).end();
    });
    await using server = await ScriptedServer.start(redirecting(() => `http://${other.address}/blob`));
    await using client = clientOf([server]);
    await assert.rejects(client.blob(image, descriptor, { auth }), {
      code: status.UNAUTHENTICATED,
      message: new RegExp(`${other.address}, to which it redirects, answered 401`),
    });
    assert.deepEqual(seen, [undefined, ""]);
  });
}

test("who comes back from another host brings no password along", async () => {
  const seen: (string | undefined)[] = [];
  await using other = await ScriptedServer.start((_request, response) =>
    response.writeHead(302, { location: `http://${server.address}/back` }).end(),
  );
  const answer = redirecting(() => `http://${other.address}/blob`);
  await using server = await ScriptedServer.start((request, response) => {
    if (request.url === "/back") seen.push(request.headers.authorization);
    answer(request, response);
  });
  await using client = clientOf([server]);
  assert.deepEqual(await buffer(await client.blob(image, descriptor, { auth })), layer);
  assert.deepEqual(seen, [undefined]);
});
