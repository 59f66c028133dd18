import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { redirectLog } from "../../log.ts";
import { readHost } from "./host.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-host-"));
after(() => rmSync(folder, { recursive: true }));

const cgroups = { version: "v2" as const, hierarchies: [], limitsSwap: true };

test("with CAP_SYS_RESOURCE any oom_score_adj can be set", () => {
  writeFileSync(
    join(folder, "status"),
    "Name:\tnode\nCapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\n",
  );
  writeFileSync(join(folder, "oom_score_adj"), "100\n");
  const host = readHost(cgroups, folder);
  assert.equal(host.minimumOomScoreAdj, -1000);
  assert.equal(host.capabilities.size, 41);
  assert.equal(host.hugepageSizes.size, 0);
});

test("without it the daemon's own is the least, which is logged", () => {
  writeFileSync(join(folder, "status"), "CapBnd:\t000001fffeffffff\n");
  writeFileSync(join(folder, "oom_score_adj"), "-500\n");
  const lines: string[] = [];
  const restore = redirectLog((line) => lines.push(line));
  try {
    const host = readHost(cgroups, folder);
    assert.equal(host.minimumOomScoreAdj, -500);
    assert.ok(!host.capabilities.has("CAP_SYS_RESOURCE"));
  } finally {
    restore();
  }
  assert.match(lines.join(""), /CAP_SYS_RESOURCE/);
});
