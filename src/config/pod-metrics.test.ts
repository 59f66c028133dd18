import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { buildConfig, ConfigError } from "./load.ts";
import { parsePodMetrics, podMetricGroups } from "./pod-metrics.ts";
import { readSettings } from "./settings.ts";

it("takes some groups, all of them, or none", () => {
  assert.deepEqual(parsePodMetrics([]), []);
  assert.deepEqual(parsePodMetrics(["oom", "cpu", "oom"]), ["cpu", "oom"]);
  assert.deepEqual(parsePodMetrics(["all"]), podMetricGroups);
});

it("refuses what is no group, and all beside others", () => {
  for (const wrong of [["gpu"], ["all", "cpu"], ["CPU"], "all", [1]]) {
    assert.equal(parsePodMetrics(wrong), undefined, JSON.stringify(wrong));
  }
});

it("says where a wrong name stands and what would be right", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "critter-pod-metrics-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "crio.conf");
  writeFileSync(file, '[crio.stats]\nincluded_pod_metrics = ["cpu", "gpu"]\n');
  const message =
    /crio\.conf:2: crio\.stats\.included_pod_metrics is \["cpu","gpu"\], it must be \["all"\], or a list of "cpu", "disk"/;
  assert.throws(
    () => readSettings(file),
    (error) => error instanceof ConfigError && message.test(error.message),
  );
  assert.deepEqual(buildConfig(readSettings(undefined), true).stats.includedPodMetrics, []);
});
