import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { redirectLog } from "../log.ts";
import { parseReference } from "./reference.ts";
import { RegistriesConf } from "./registries-conf.ts";
import { parseRegistriesToml } from "./registries-toml.ts";

function conf(...files: string[]): RegistriesConf {
  return new RegistriesConf(files.map((text, index) => parseRegistriesToml(`${index}.conf`, text)));
}

function sources(rules: RegistriesConf, image: string): string[] {
  return rules
    .endpointsFor(parseReference(image))
    .map(
      ({ reference, insecure, mirror }) =>
        `${reference}${insecure ? " insecure" : ""}${mirror ? " mirror" : ""}`,
    );
}

const digest = `sha256:${"b".repeat(64)}`;
const rules = conf(`
[[registry]]
prefix = "example.com/foo"
location = "internal.example.net/bar"
[[registry.mirror]]
location = "mirror-0.local/for-foo/"
[[registry.mirror]]
location = "mirror-1.local:5000/foo"
insecure = true

[[registry]]
location = "example.com"
insecure = true

[[registry]]
prefix = "example.com/foo/secret"
location = "example.com/foo/secret"
blocked = true

[[registry]]
prefix = "*.wild.io"
[[registry.mirror]]
location = "wild-mirror.local/w"

[[registry]]
prefix = "*.deep.wild.io"
location = "deep-mirror.local:5000/deep"

[[registry]]
prefix = "a.wild.io"
location = "exact.local"

[[registry]]
location = "digests.io"
mirror-by-digest-only = true
[[registry.mirror]]
location = "d.local"

[[registry]]
location = "modes.io"
[[registry.mirror]]
location = "by-tag.local"
pull-from-mirror = "tag-only"
[[registry.mirror]]
location = "by-digest.local"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "always.local"
pull-from-mirror = "all"

[[registry]]
prefix = "docker.io/library"
location = "127.0.0.1:5000/hub"
`);

const cases: [image: string, expected: string[]][] = [
  [
    "example.com/foo/image:1",
    [
      "mirror-0.local/for-foo/image:1 mirror",
      "mirror-1.local:5000/foo/image:1 insecure mirror",
      "internal.example.net/bar/image:1",
    ],
  ],
  ["example.com/foobar:1", ["example.com/foobar:1 insecure"]],
  ["example.com:5000/x:1", ["example.com:5000/x:1 insecure"]],
  ["example.com.evil.org/x:1", ["example.com.evil.org/x:1"]],
  ["b.wild.io/x:1", ["wild-mirror.local/w/x:1 mirror", "b.wild.io/x:1"]],
  ["c.b.wild.io/x:1", ["wild-mirror.local/w/x:1 mirror", "c.b.wild.io/x:1"]],
  ["a.wild.io/x:1", ["exact.local/x:1"]],
  ["a.deep.wild.io/y/x:1", ["deep-mirror.local:5000/deep/y/x:1"]],
  ["deep.wild.io/x:1", ["wild-mirror.local/w/x:1 mirror", "deep.wild.io/x:1"]],
  ["evilwild.io/x:1", ["evilwild.io/x:1"]],
  ["other.test/a.wild.io/x:1", ["other.test/a.wild.io/x:1"]],
  ["wild.io/x:1", ["wild.io/x:1"]],
  ["digests.io/x:1", ["digests.io/x:1"]],
  [`digests.io/x:1@${digest}`, [`d.local/x:1@${digest} mirror`, `digests.io/x:1@${digest}`]],
  ["modes.io/x:1", ["by-tag.local/x:1 mirror", "always.local/x:1 mirror", "modes.io/x:1"]],
  [
    `modes.io/x@${digest}`,
    [`by-digest.local/x@${digest} mirror`, `always.local/x@${digest} mirror`, `modes.io/x@${digest}`],
  ],
  ["busybox", ["127.0.0.1:5000/hub/busybox:latest"]],
  ["user/busybox", ["docker.io/user/busybox:latest"]],
];

for (const [image, expected] of cases) {
  test(`${image.slice(0, 30)} is pulled from ${expected.length}`, () => {
    assert.deepEqual(sources(rules, image), expected);
  });
}

test("a blocked prefix is refused by name", () => {
  assert.throws(() => sources(rules, "example.com/foo/secret/x"), {
    code: status.PERMISSION_DENIED,
    message: /"example.com\/foo\/secret"/,
  });
});

test("a location that makes no name is an error of the configuration", () => {
  const whole = conf('[[registry]]\nprefix = "example.com/foo"\nlocation = "only-host.local"\n');
  assert.throws(() => sources(whole, "example.com/foo:1"), { code: status.FAILED_PRECONDITION });
});

test("drop-ins overwrite by prefix, lists whole, aliases by name", () => {
  const merged = conf(
    'unqualified-search-registries = ["one.io"]\n[aliases]\na = "one.io/a"\nb = "one.io/b"\n[[registry]]\nlocation = "x.io"\ninsecure = true\n[[registry]]\nlocation = "y.io"\ninsecure = true\n',
    'unqualified-search-registries = ["two.io", "three.io"]\n[aliases]\na = "two.io/a"\nb = ""\n[[registry]]\nlocation = "x.io"\n',
  );
  assert.deepEqual(sources(merged, "x.io/i:1"), ["x.io/i:1"]);
  assert.deepEqual(sources(merged, "y.io/i:1"), ["y.io/i:1 insecure"]);
  assert.deepEqual(merged.candidates("a:1").map(String), ["two.io/a:1"]);
  assert.deepEqual(merged.candidates(`a@${digest}`).map(String), [`two.io/a@${digest}`]);
  assert.deepEqual(merged.candidates("b").map(String), ["two.io/b:latest", "three.io/b:latest"]);
});

test("short names: docker.io by default, an error where it is ambiguous or nowhere", () => {
  assert.deepEqual(conf().candidates("busybox").map(String), ["docker.io/library/busybox:latest"]);
  assert.deepEqual(conf().candidates("gcr.io/x").map(String), ["gcr.io/x:latest"]);
  const ambiguous = conf('short-name-mode = "enforcing"\nunqualified-search-registries = ["a.io", "b.io"]');
  assert.throws(() => ambiguous.candidates("x"), { code: status.INVALID_ARGUMENT, message: /enforcing/ });
  assert.throws(() => conf("unqualified-search-registries = []").candidates("x"), { message: /is empty/ });
});

const wrong: [text: string, reason: RegExp][] = [
  ["[[registry]]\nlocation = [", /^f\.conf:2: /],
  ["[[registry]]\n", /registry\[0\]\.location is absent/],
  ['[[registry]]\nlocation = "https://x.io"', /registry\[0\]\.location is "https:\/\/x.io": .*without http/],
  ['[[registry]]\nlocation = "x.io"\ninsecure = "yes"', /insecure is "yes": true or false/],
  ['[[registry]]\nlocation = "x.io"\npull-from-mirror = "all"', /belongs into \[\[registry.mirror\]\]/],
  [
    '[[registry]]\nlocation = "x.io"\n[[registry.mirror]]\ninsecure = true',
    /registry\[0\]\.mirror\[0\]\.location/,
  ],
  [
    '[[registry]]\nlocation = "x.io"\n[[registry.mirror]]\nlocation = "m"\npull-from-mirror = "no"',
    /one of all/,
  ],
  [
    '[[registry]]\nlocation = "x.io"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "m"\npull-from-mirror = "all"',
    /mirror-by-digest-only/,
  ],
  ['unqualified-search-registries = ["a.io/x"]', /"a.io\/x"/],
  ['unqualified-search-registries = "a.io"', /a list of strings/],
  ['short-name-mode = "loose"', /one of enforcing/],
  ['[registries.search]\nregistries = ["a.io"]', /version 1/],
];

for (const [text, reason] of wrong) {
  test(`refused: ${text.replaceAll("\n", " ")}`, () => {
    assert.throws(() => parseRegistriesToml("f.conf", text), { message: reason });
  });
}

test("an unknown key is a warning with file and key", () => {
  const lines: string[] = [];
  const restore = redirectLog((line) => lines.push(line));
  try {
    parseRegistriesToml(
      "f.conf",
      'credential-helpers = []\n[[registry]]\nlocation = "x.io"\nsecure = true\n',
    );
  } finally {
    restore();
  }
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /f\.conf.*registry\[0\]\.secure/);
});
