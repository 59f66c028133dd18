import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CertsFolders } from "./certs-folders.ts";
import { parseReference } from "./reference.ts";
import { routesFor } from "./route.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-route-"));
after(() => rmSync(folder, { recursive: true }));

/** Scheme, host, path, reference and `ns` of each route to an image; those that may be plain have a `?`. */
function routes(image: string, hosts?: string, insecure = false): string[] {
  const reference = parseReference(image);
  const certs = mkdtempSync(join(folder, "certs.d-"));
  if (hosts !== undefined) {
    mkdirSync(join(certs, reference.registry));
    writeFileSync(join(certs, reference.registry, "hosts.toml"), hosts);
  }
  const found = routesFor([{ reference, insecure, mirror: false }], new CertsFolders([certs]), ["pull"]);
  return found.map(({ scheme, host, path, mayBePlain, insecure, reference, namespace }) =>
    [`${scheme}//${host}${path}`, mayBePlain && "plain", insecure && "insecure", reference, namespace]
      .filter(Boolean)
      .join(" "),
  );
}

test("a registry by its own name, and Docker Hub by that of its API", () => {
  assert.deepEqual(routes("a.test/x:1"), ["https://a.test/v2 a.test/x:1"]);
  assert.deepEqual(routes("x:1"), ["https://registry-1.docker.io/v2 docker.io/library/x:1"]);
});

test("a port that is a scheme's own stays where the scheme may change", () => {
  assert.deepEqual(routes("a.test:443/x:1", undefined, true), [
    "https://a.test:443/v2 plain insecure a.test:443/x:1",
  ]);
  assert.deepEqual(routes("a.test:80/x:1", undefined, true), [
    "https://a.test:80/v2 plain insecure a.test:80/x:1",
  ]);
});

test("a server that is the registry itself keeps its name and what registries.conf says", () => {
  assert.deepEqual(routes("x:1", 'server = "https://registry-1.docker.io"'), [
    "https://registry-1.docker.io/v2 docker.io/library/x:1",
  ]);
  assert.deepEqual(routes("a.test:443/x:1", 'server = "https://a.test"', true), [
    "https://a.test/v2 insecure a.test:443/x:1",
  ]);
  assert.deepEqual(routes("a.test/x:1", "skip_verify = true"), ["https://a.test/v2 insecure a.test/x:1"]);
});

test("another server has a name of its own, and is told whom it stands for", () => {
  assert.deepEqual(routes("a.test/x:1", '[host."m.test"]', true), [
    "https://m.test/v2 m.test/x:1 a.test",
    "https://a.test/v2 plain insecure a.test/x:1",
  ]);
});

test("a plain URL with settings for TLS is asked by TLS first, unless its port is 80", () => {
  assert.deepEqual(
    routes(
      "a.test/x:1",
      `server = "http://s.test"
skip_verify = true
[host."http://m.test:5000"]
skip_verify = true
[host."http://n.test:5000"]
override_path = true
`,
    ),
    [
      "http://m.test:5000/v2 plain insecure m.test:5000/x:1 a.test",
      "http://n.test:5000 n.test:5000/x:1 a.test",
      "http://s.test/v2 insecure s.test/x:1 a.test",
    ],
  );
});
