import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "critter-main-"));
after(() => rmSync(folder, { recursive: true }));

interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

function run(program: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(program, args, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const critter = (...args: string[]) => run(process.execPath, join(root, "src/main.ts"), ...args);

describe("critter", () => {
  it("starts by way of a link, as npm installs it", async () => {
    const link = join(folder, "critter");
    symlinkSync(join(root, "bin/critter"), link);
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    assert.deepEqual(await run(link, "version"), { status: 0, stdout: `critter ${version}\n`, stderr: "" });
  });

  it("prints the example as its default configuration", async () => {
    const { stdout, status } = await critter("config", "--default");
    assert.equal(stdout, readFileSync(join(root, "crio.conf.example"), "utf8"));
    assert.equal(status, 0);
  });

  it("prints a file's configuration, and warns of what it does not know", async () => {
    const file = join(folder, "crio.conf");
    writeFileSync(file, '[crio]\nroot = "/srv/critter"\nstorage_driver = "overlay"\n');
    const { stdout, stderr, status } = await critter("config", "--config", file);
    assert.match(stdout, /^root = "\/srv\/critter"$/m);
    assert.match(stderr, /crio\.conf:3: unknown key crio\.storage_driver is ignored/);
    assert.equal(status, 0);
  });

  for (const [name, args, message] of [
    ["an unknown command", ["rum"], /Unexpected argument 'rum'/],
    ["an unknown option", ["--confg", "x"], /Unknown option '--confg'/],
    ["an unknown level", ["--log-level", "loud"], /--log-level is "loud", it must be one of trace, debug/],
    ["an image left out", ["run"], /run needs an image/],
  ] as const) {
    it(`ends with status 2 for ${name}`, async () => {
      const { status, stderr } = await critter(...args);
      assert.match(stderr, message);
      assert.match(stderr, /See: critter --help/);
      assert.equal(status, 2);
    });
  }

  it("ends with status 1 and a line of text for a wrong configuration", async () => {
    const file = join(folder, "wrong.conf");
    writeFileSync(file, "[crio.runtime]\npids_limit = 0\n");
    const { status, stderr } = await critter("--config", file);
    assert.equal(
      stderr,
      `critter: ${file}:2: crio.runtime.pids_limit is 0, it must be -1 or a number above 0\n`,
    );
    assert.equal(status, 1);
  });
});
