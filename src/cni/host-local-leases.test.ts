import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { withLock } from "../linux/lock-file.ts";
import { redirectLog } from "../log.ts";
import { returnUnownedLeases } from "./host-local-leases.ts";

const owner = "0123456789abcdef\r\neth0";

/** A network with leases as host-local keeps them. */
function setUp(t: TestContext) {
  const dataDir = mkdtempSync(join(tmpdir(), "critter-leases-"));
  const folder = join(dataDir, "pods");
  const restoreLog = redirectLog(() => {});
  t.after(() => {
    restoreLog();
    rmSync(dataDir, { recursive: true });
  });
  mkdirSync(folder);
  const files = {
    "10.1.0.2": owner,
    "10.1.0.3": "",
    "fd00::4": "\0\0\0\0",
    "last_reserved_ip.0": "",
    lock: "",
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const network = { name: "pods", plugins: [{ type: "bridge", ipam: { type: "host-local", dataDir } }] };
  return { folder, network, kept: ["10.1.0.2", "last_reserved_ip.0", "lock"] };
}

test("leases without an owner are removed, and nothing else", (t) => {
  const { folder, network, kept } = setUp(t);
  returnUnownedLeases([network, network]);
  assert.deepEqual(readdirSync(folder).sort(), kept);
  returnUnownedLeases([{ ...network, name: "others" }]);
});

test("while the plugin has its lock nothing is removed: it may just be writing", (t) => {
  const { folder, network, kept } = setUp(t);
  withLock(join(folder, "lock"), () => returnUnownedLeases([network]));
  assert.equal(readdirSync(folder).length, kept.length + 2);
});
