import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { parseReference } from "../../registry/reference.ts";
import { RegistriesConf } from "../../registry/registries-conf.ts";
import { parseRegistriesToml } from "../../registry/registries-toml.ts";
import { translateContainerd } from "./containerd.ts";
import { renderTranslation, reportOf } from "./render.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-registries-"));
after(() => rmSync(folder, { recursive: true }));

function translate(toml: string) {
  const file = join(folder, "config.toml");
  writeFileSync(file, `version = 2\n${toml}`);
  return translateContainerd(file);
}

const registry = 'plugins."io.containerd.grpc.v1.cri".registry';

/** Where critter pulls `image` from with the lines that the translation has for registries.conf. */
function endpoints(toml: string, image: string): string[] {
  const lines = translate(toml).registries.join("\n");
  const conf = new RegistriesConf([parseRegistriesToml("made", lines)]);
  return conf
    .endpointsFor(parseReference(image))
    .map(({ reference, insecure }) => `${reference}${insecure ? " insecure" : ""}`);
}

describe("registries of containerd's config.toml", () => {
  const mirrors = `
[${registry}.mirrors."docker.io"]
endpoint = ["https://registry-1.docker.io", "http://cache:5000", "https://big.example/v2/hub/", "https://self.example:8443"]
[${registry}.mirrors."plain:5000"]
endpoint = ["http://plain:5000"]
[${registry}.configs."self.example:8443".tls]
insecure_skip_verify = true
[${registry}.configs."alone.example".tls]
insecure_skip_verify = true
`;

  it("become registries.conf: mirrors in their order, the registry itself last", () => {
    assert.deepEqual(endpoints(mirrors, "docker.io/library/busybox:1"), [
      "cache:5000/library/busybox:1 insecure",
      "big.example/hub/library/busybox:1",
      "self.example:8443/library/busybox:1 insecure",
      "docker.io/library/busybox:1",
    ]);
    assert.deepEqual(endpoints(mirrors, "plain:5000/a:1"), ["plain:5000/a:1 insecure"]);
    assert.deepEqual(endpoints(mirrors, "alone.example/a:1"), ["alone.example/a:1 insecure"]);
    assert.deepEqual(endpoints(mirrors, "other.example/a:1"), ["other.example/a:1"]);
  });

  it("are nothing where config_path is set, as in containerd", () => {
    const { registries, taken, remarks } = translate(`
[${registry}]
config_path = "/a:/b"
${mirrors}`);
    assert.deepEqual(registries, []);
    assert.deepEqual(taken.get("crio.image.registry_certs_dirs")?.toml, ["/a", "/b"]);
    assert.equal(remarks.filter(({ text }) => text.includes("beside config_path")).length, 4);
  });

  it("are told of where registries.conf cannot say it, and no secret is shown", () => {
    const translation = translate(`
[${registry}.mirrors."*"]
endpoint = ["https://all.example"]
[${registry}.mirrors."odd.example"]
endpoint = ["https://user:hidden@odd.example/path", "https://fine.example"]
[${registry}.configs."a.example".auth]
username = "hidden"
password = "hidden"
[${registry}.configs."a.example".tls]
ca_file = "/ca.pem"
[${registry}.auths."https://b.example"]
auth = "hidden"
[${registry}.headers]
X-Key = ["hidden"]
`);
    const text = renderTranslation(translation, "there", []) + reportOf(translation);
    assert.doesNotMatch(text, /hidden/);
    assert.match(text, /_default\/hosts\.toml/);
    assert.match(text, /copy it to \/etc\/containers\/certs\.d\/a\.example\/ca\.crt/);
    assert.match(text, /credentials belong into an auth\.json/);
    assert.match(translation.registries.join("\n"), /location = "fine\.example"/);
  });
});
