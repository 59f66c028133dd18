import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "critter-config-command-"));
after(() => rmSync(folder, { recursive: true }));

const fileOf = (name: string, toml: string) => {
  writeFileSync(join(folder, name), toml);
  return join(folder, name);
};

function config(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const main = join(import.meta.dirname, "main.ts");
  return new Promise((resolve) => {
    execFile(process.execPath, [main, "config", ...args], (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

describe("critter config", () => {
  it("translates CRI-O's files: the configuration on stdout, what is lost on stderr", async () => {
    const file = fileOf("crio.conf", '[crio.runtime]\ntimezone = "Local"\npids_limit = 9\n');
    const dropIn = fileOf("more.conf", "[crio.runtime]\npids_limit = 10\n");
    const { status, stdout, stderr } = await config("--from-crio", file, dropIn);
    assert.equal(status, 0);
    assert.match(stdout, /^pids_limit = 10$/m);
    assert.match(stdout, /^# {3}.*crio\.conf:2: crio\.runtime\.timezone = "Local": /m);
    assert.match(stderr, /^no equivalent: .*crio\.conf:2: crio\.runtime\.timezone = "Local": /);

    const translated = fileOf("translated.conf", stdout);
    const again = await config("--config", translated);
    assert.deepEqual([again.status, again.stderr], [0, ""]);
    assert.match(again.stdout, /^pids_limit = 10$/m);
  });

  it("translates containerd's, with the lines for registries.conf apart", async () => {
    const registry = 'plugins."io.containerd.grpc.v1.cri".registry';
    const file = fileOf(
      "config.toml",
      `version = 2\n[${registry}.mirrors."a.example"]\nendpoint = ["https://b.example"]\n`,
    );
    const { status, stdout } = await config("--from-containerd", file);
    assert.equal(status, 0);
    assert.match(stdout, /^# {3}location = "b\.example"$/m);
    const { stdout: registries } = await config("--from-containerd", file, "--registries");
    assert.match(registries, /^location = "b\.example"$/m);
    assert.doesNotMatch(registries, /crio/);
  });

  it("ends with status 1 for files that cannot be used, and for what critter would not start with", async () => {
    const absent = await config("--from-containerd", join(folder, "absent"));
    assert.equal(absent.status, 1);
    assert.match(absent.stderr, /^critter: configuration file cannot be read: ENOENT/);
    const wrong = fileOf("wrong.conf", "[crio.api]\nstream_enable_tls = true\n");
    const refused = await config("--from-crio", wrong);
    assert.equal(refused.status, 1);
    assert.match(
      refused.stderr,
      /critter: critter would not start with this: .*crio\.api\.stream_tls_cert is ""/,
    );
  });

  it("ends with status 2 for options that exclude each other", async () => {
    const { status, stderr } = await config("--default", "--from-crio", "x");
    assert.equal(status, 2);
    assert.match(stderr, /exclude each other/);
    assert.equal((await config("--registries")).status, 2);
    assert.equal((await config("stray")).status, 2);
  });
});
