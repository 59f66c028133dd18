import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { buildConfig } from "../../src/config/load.ts";
import { settingsOf } from "../../src/config/settings.ts";
import { NotedFiles } from "../../src/linux/file-state.ts";
import { AuthEntries } from "../../src/registry/auth-file.ts";
import { parseHostsToml } from "../../src/registry/hosts-toml.ts";
import { parseReference } from "../../src/registry/reference.ts";
import { RegistriesConf } from "../../src/registry/registries-conf.ts";
import { parseRegistriesToml } from "../../src/registry/registries-toml.ts";
import { Policy } from "../../src/signatures/policy.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/configuring.md"), "utf8");

/** The fenced blocks of a language in the page. */
const blocks = (language: string) =>
  [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].flatMap(([, found, text]) =>
    found === language ? [text!] : [],
  );
const [tables, others] = [/^\[crio/, /^(?!\[crio)/].map((beginning) =>
  blocks("toml").filter((text) => beginning.test(text)),
) as [string[], string[]];

describe("the examples of docs/configuring.md", () => {
  it("of crio.conf are taken without a warning", () => {
    assert.ok(tables.length >= 5);
    for (const text of tables) {
      const settings = settingsOf("configuring.md", text);
      assert.deepEqual(settings.warnings, []);
      buildConfig(settings, true);
    }
  });

  it("of registries.conf and hosts.toml do what the page says", () => {
    const [registries, hosts, ...more] = others;
    assert.equal(more.length, 0);
    const conf = new RegistriesConf([parseRegistriesToml("registries.conf", registries!)]);
    const asked = conf.endpointsFor(parseReference("docker.io/library/nginx:1"));
    assert.deepEqual(
      asked.map(({ reference }) => String(reference)),
      ["mirror.example:5000/docker/library/nginx:1", "docker.io/library/nginx:1"],
    );
    assert.throws(() => conf.endpointsFor(parseReference("old.example/a:1")), /blocks "old\.example"/);
    const servers = parseHostsToml("/etc/containerd/certs.d/x/hosts.toml", hosts!, new NotedFiles());
    assert.deepEqual(
      servers.map(({ root }) => String(root)),
      ["https://mirror.example:5000/v2", "http://10.0.0.7:5000/v2/hub", "https://registry.example/v2"],
    );
  });

  it("of auth.json and policy.json are understood", () => {
    const [auth, policy, ...more] = blocks("json");
    assert.equal(more.length, 0);
    const entries = new AuthEntries("auth.json", auth!);
    assert.partialDeepStrictEqual(entries.find(parseReference("registry.example/team/app:1")), {
      username: "team",
    });
    new Policy("policy.json", policy!);
  });
});
