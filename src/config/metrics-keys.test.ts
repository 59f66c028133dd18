import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { buildConfig } from "./load.ts";
import { collectors, metricName } from "./metrics-keys.ts";
import { readSettings } from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-metrics-keys-"));
after(() => rmSync(folder, { recursive: true }));

function metricsOf(toml: string) {
  const file = join(folder, "crio.conf");
  writeFileSync(file, `[crio.metrics]\n${toml}\n`);
  return buildConfig(readSettings(file), false).metrics;
}

describe("[crio.metrics]", () => {
  it("serves nothing unless told, and then all", () => {
    const { enableMetrics, metricsCollectors, metricsHost, metricsPort } = metricsOf("");
    assert.deepEqual([enableMetrics, metricsHost, metricsPort], [false, "127.0.0.1", 9090]);
    assert.deepEqual(metricsCollectors, collectors);
  });

  it("takes collectors by all their names, and those of CRI-O that mean nothing here", () => {
    const names = [
      "operations_total",
      "crio_operations_errors_total",
      "container_runtime_crio_default_runtime",
    ];
    const own = ["critter_pods", "container_runtime_critter_containers", "streams_open"];
    const foreign = ["operations_latency_microseconds", "crio_containers_seccomp_notifier_count_total"];
    const { metricsCollectors } = metricsOf(
      `metrics_collectors = ${JSON.stringify([...names, ...own, ...foreign])}`,
    );
    assert.deepEqual(metricsCollectors.filter(Boolean), [
      "operations_total",
      "operations_errors_total",
      "default_runtime",
      "pods",
      "containers",
      "streams_open",
    ]);
    assert.deepEqual(metricsOf("metrics_collectors = []").metricsCollectors, []);
  });

  it("refuses a collector that nobody knows, a host that is none, a port beyond the last", () => {
    assert.throws(
      () => metricsOf('metrics_collectors = ["operations_total", "operation_total"]'),
      /crio.conf:2: crio.metrics.metrics_collectors is .*"operation_total".*, it must be a list of operations_total, /,
    );
    assert.throws(() => metricsOf('metrics_host = "http://x"'), /must be an IP address or a host's name/);
    assert.throws(() => metricsOf("metrics_port = 65536"), /must be a port from 0 to 65535/);
    for (const host of ["", "::1", "0.0.0.0", "localhost", "node-1.example"]) {
      assert.equal(metricsOf(`metrics_host = "${host}"`).metricsHost, host);
    }
  });

  it("has certificate and key together, or neither", () => {
    assert.throws(
      () => metricsOf('metrics_cert = "/x.crt"'),
      /crio.conf:2: crio.metrics.metrics_key is "", it must be the path of a PEM file, for metrics_cert is set/,
    );
    assert.throws(() => metricsOf('metrics_key = "/x.key"'), /crio.metrics.metrics_cert is ""/);
    assert.equal(metricsOf('metrics_cert = "/x.crt"\nmetrics_key = "/x.key"').metricsKey, "/x.key");
  });
});

it("names metrics as CRI-O does, and its own by its own name", () => {
  assert.equal(metricName("operations_total"), "container_runtime_crio_operations_total");
  assert.equal(metricName("streams_open"), "container_runtime_critter_streams_open");
});
