import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { shown } from "../printable.ts";
import { isShortName, parseReference } from "./reference.ts";

const sha256 = `sha256:${"0123456789abcdef".repeat(4)}`;
const sha512 = `sha512:${"0123456789abcdef".repeat(8)}`;

const good: [text: string, full: string, familiar: string][] = [
  ["busybox", "docker.io/library/busybox:latest", "busybox:latest"],
  ["busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"],
  ["user/app", "docker.io/user/app:latest", "user/app:latest"],
  ["docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"],
  ["index.docker.io/library/busybox", "docker.io/library/busybox:latest", "busybox:latest"],
  ["docker.io/library/a/b:1", "docker.io/library/a/b:1", "library/a/b:1"],
  ["localhost/app:v1", "localhost/app:v1", "localhost/app:v1"],
  ["localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest"],
  ["[::1]:5000/a/b:c", "[::1]:5000/a/b:c", "[::1]:5000/a/b:c"],
  ["Registry/app", "Registry/app:latest", "Registry/app:latest"],
  ["registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"],
  ["gcr.io/a_b/c--d/e__f.g", "gcr.io/a_b/c--d/e__f.g:latest", "gcr.io/a_b/c--d/e__f.g:latest"],
  [`gcr.io/a@${sha256}`, `gcr.io/a@${sha256}`, `gcr.io/a@${sha256}`],
  [`gcr.io/a:1@${sha512}`, `gcr.io/a:1@${sha512}`, `gcr.io/a:1@${sha512}`],
  ["127.0.0.1:5000/a/b:1", "127.0.0.1:5000/a/b:1", "127.0.0.1:5000/a/b:1"],
];

for (const [text, full, familiar] of good) {
  test(`${text} is ${full}`, () => {
    const reference = parseReference(text);
    assert.equal(reference.toString(), full);
    assert.equal(reference.familiar(), familiar);
    assert.deepEqual(parseReference(full), reference);
    assert.deepEqual(parseReference(familiar), reference);
  });
}

const bad: [text: string, reason: RegExp][] = [
  ["", /a name is required/],
  ["Busybox", /lower case/],
  ["gcr.io/Team/app", /lower case/],
  ["gcr.io/", /no repository/],
  ["gcr.io//app", /repository's path/],
  ["app:", /not a tag/],
  ["app:-x", /not a tag/],
  [`app:${"x".repeat(129)}`, /not a tag/],
  ["app@sha256:abc", /64 hex digits/],
  [`app@md5:${"0".repeat(32)}`, /sha256:/],
  [`app@${sha256.toUpperCase().replace("SHA", "sha")}`, /lower-case hex/],
  ["app@", /digest/],
  ["https://gcr.io/app", /host/],
  ["gcr.io:port/app", /host/],
  ["-gcr.io/app", /host/],
  ["../../etc/passwd", /host/],
  ["gcr.io/../etc", /repository's path/],
  ["app name", /repository's path/],
  [`gcr.io/${"a".repeat(256)}`, /255/],
  ["0123456789abcdef".repeat(4), /image ID/],
];

for (const [text, reason] of bad) {
  test(`${JSON.stringify(text.slice(0, 40))} is refused`, () => {
    assert.throws(
      () => parseReference(text),
      (error: Error & { code: number }) => {
        assert.equal(error.code, status.INVALID_ARGUMENT);
        assert.match(error.message, reason);
        return error.message.includes(shown(text));
      },
    );
  });
}

test("a short name is one without a registry", () => {
  for (const text of ["app", "app:5000", "team/app", `app@${sha256}`]) assert.ok(isShortName(text), text);
  for (const text of ["gcr.io/app", "localhost/app", "host:5000/app"]) assert.ok(!isShortName(text), text);
});
