import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { certify, contentOf } from "../../test/registry/certificates.ts";
import { NotedFiles } from "../linux/file-state.ts";
import { parseHostsToml } from "./hosts-toml.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-hosts-toml-"));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, "hosts.toml");
const parse = (text: string) => parseHostsToml(file, text, new NotedFiles());
const one = certify(folder, "one");
const two = certify(folder, "two");

test("hosts come in the file's order, then the server", () => {
  const servers = parse(`
server = "https://upstream.test"
[host."https://z.test/cache"]
capabilities = ["Pull", "referrers"]
[host."http://a.test:5000/v2/docker.io/"]
override_path = true
skip_verify = true
dial_timeout = "1.5s"
[host."https://z.test/cache".header]
X-One = "1"
x-many = ["2", "3"]
[host."b.test"]
`);
  assert.deepEqual(
    servers.map(({ root }) => root?.href),
    [
      "https://z.test/cache/v2",
      "http://a.test:5000/v2/docker.io",
      "https://b.test/v2",
      "https://upstream.test/v2",
    ],
  );
  assert.deepEqual(servers[0]?.capabilities, ["pull", "referrers"]);
  assert.deepEqual(servers[0]?.headers, { "x-one": ["1"], "x-many": ["2", "3"] });
  assert.deepEqual([servers[1]?.skipVerify, servers[1]?.connectTimeout], [true, 1500]);
  assert.deepEqual(servers[2]?.capabilities, ["pull", "resolve", "push", "referrers"]);
});

test("without a server, the registry itself is the last", () => {
  assert.deepEqual(
    parse('[host."https://m.test"]').map(({ root }) => root?.href),
    ["https://m.test/v2", undefined],
  );
});

const forms: [what: string, text: string, clients: boolean][] = [
  ["an authority", `ca = "one-cert.pem"`, false],
  ["authorities", `ca = ["one-cert.pem", "${two.cert}"]`, false],
  ["pairs", `client = [["one-cert.pem", "one-key.pem"]]`, true],
];
for (const [what, text, clients] of forms) {
  test(`certificates as ${what}`, () => {
    const { tls } = parse(text)[0]!;
    assert.ok(tls);
    assert.equal(tls.own !== tls.trust, clients);
  });
}

test("a client certificate and its key in one file, or several of them", () => {
  const { cert, key } = contentOf(one);
  writeFileSync(join(folder, "both.pem"), cert + key);
  const [alone, listed, paired] = ['"both.pem"', '["both.pem"]', '[["one-cert.pem", "one-key.pem"]]'].map(
    (value) => parse(`client = ${value}`)[0]?.tls?.own.id,
  );
  assert.ok(alone && listed && paired);
  assert.equal(alone, listed);
});

const wrong: [text: string, message: RegExp][] = [
  ['server = "ftp://x.test"', /hosts\.toml: server is "ftp:\/\/x\.test": a URL/],
  ['[host."https://u:p@x.test"]', /host is .*: a URL of http or https is required/],
  ['[host."x.test"]\ncapabilities = ["pul"]', /host\.x\.test\.capabilities is "pul": one of pull/],
  ['[host."x.test"]\nca = 5', /host\.x\.test\.ca is 5: a path/],
  ['ca = "none.pem"', /ca is "none\.pem": it cannot be read: ENOENT/],
  ['ca = "one-key.pem"', /ca is "one-key\.pem": a file with a certificate in PEM/],
  ['client = "one-cert.pem"', /client is "one-cert\.pem": a file with a private key/],
  ['client = [["one-cert.pem", "two-key.pem"]]', /client is .*the key does not belong/],
  ['client = [["one-cert.pem"]]', /client is \["one-cert\.pem"\]: a path, or a list/],
  ['skip_verify = "no"', /skip_verify is "no": true or false/],
  ['dial_timeout = "soon"', /dial_timeout is "soon": a duration/],
  ["host = 1", /host is 1: a table/],
  ["[host", /hosts\.toml:1: /],
];
for (const [text, message] of wrong) {
  test(`${text.replaceAll("\n", " ")} is refused`, () => assert.throws(() => parse(text), message));
}

test("a header's value is in no error", () => {
  assert.throws(
    () => parse('header = { authorization = ["secret\\n"] }'),
    (error: Error) => {
      assert.match(error.message, /header\.authorization/);
      return !error.message.includes("secret");
    },
  );
});
