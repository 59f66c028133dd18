import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { readNetworkFile } from "../../src/cni/network-config.ts";
import { parseYaml } from "../../src/oci/yaml.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const PACKAGING = join(ROOT, "packaging");
const ANALYZE = "/usr/bin/systemd-analyze";

test("systemd finds nothing wrong with the unit", { skip: !existsSync(ANALYZE) }, async () => {
  const unit = readFileSync(join(PACKAGING, "critter.service"), "utf8");
  const folder = await mkdtemp(join(tmpdir(), "critter-unit-"));
  try {
    const file = join(folder, "critter.service");
    // Where it is not installed, systemd would miss the program.
    await writeFile(file, unit.replace(/^ExecStart=critter$/m, `ExecStart=${join(ROOT, "bin/critter")}`));
    const { stdout, stderr } = await promisify(execFile)(ANALYZE, ["verify", file]);
    assert.equal(stdout + stderr, "");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("crictl.yaml names the socket that critter has by default", () => {
  const example = readFileSync(join(ROOT, "crio.conf.example"), "utf8");
  const socket = /^#listen = "(.*)"$/m.exec(example)?.[1];
  assert.deepEqual(parseYaml(readFileSync(join(PACKAGING, "crictl.yaml"), "utf8")), {
    "runtime-endpoint": `unix://${socket}`,
    "image-endpoint": `unix://${socket}`,
    timeout: 10,
  });
});

test("the example of a network is one, and has host ports", () => {
  const network = readNetworkFile(join(PACKAGING, "cni/10-critter.conflist"));
  assert.equal(network.name, "critter");
  assert.deepEqual(
    network.plugins.map(({ type }) => type),
    ["bridge", "portmap"],
  );
  assert.deepEqual(network.plugins[1]!.capabilities, { portMappings: true });
});
