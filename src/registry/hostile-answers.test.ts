// A registry that means harm: what it says is cut short, and what it sends without end is not read to the end.
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { clientOf, descriptor, image } from "../../test/registry/scripted-image.ts";
import { ScriptedServer } from "../../test/registry/scripted-server.ts";

/** Sends until nobody takes it any more. */
function sendForEver(response: ServerResponse): Promise<void> {
  const more = () => {
    while (response.writable && response.write(Buffer.alloc(16_384, "x")));
  };
  response.on("drain", more);
  more();
  return new Promise((resolve) => response.once("close", resolve));
}

const endless: [what: string, code: number, headers: Record<string, string>][] = [
  ["challenge", 401, { "www-authenticate": "Basic realm=x" }],
  ["redirect", 307, { location: "/again" }],
  ["error", 500, {}],
];
for (const [what, code, headers] of endless) {
  test(`a body without end of a ${what} is not read to the end`, { timeout: 20_000 }, async () => {
    const ends: Promise<void>[] = [];
    await using server = await ScriptedServer.start((_request, response) => {
      response.writeHead(code, headers);
      ends.push(sendForEver(response));
    });
    await using client = clientOf([server], { rounds: 1 });
    await assert.rejects(client.blob(image, descriptor));
    assert.ok(ends.length > 0);
    await Promise.all(ends);
  });
}

test("what a registry says of an error is cut short, and stays in its line", async () => {
  await using server = await ScriptedServer.start((_request, response) => {
    const errors = [{ code: "DENIED", message: `\u001b[2J\r\n${"long ".repeat(10_000)}` }];
    response.writeHead(403).end(JSON.stringify({ errors }));
  });
  await using client = clientOf([server], { rounds: 1 });
  await assert.rejects(client.manifest(image), ({ message }: Error) => {
    assert.match(message, /DENIED: +\[2J long long .*… \(403\)/);
    assert.ok(message.length < 2000);
    return !/[^\x20-\x7e…]/.test(message);
  });
});
