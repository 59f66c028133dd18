import assert from "node:assert/strict";
import { test } from "node:test";
import { tracingKeys } from "./tracing-keys.ts";

test("an endpoint is a host and port, or a Unix socket", () => {
  const { parse } = tracingKeys.tracing_endpoint;
  for (const right of [
    "127.0.0.1:4317",
    "[::1]:4317",
    "collector.monitoring:4317",
    "unix:///run/otel.sock",
  ]) {
    assert.equal(parse(right), right);
  }
  for (const wrong of [
    "",
    "4317",
    "host",
    "host:0",
    "host:65536",
    "http://host:4317",
    "unix:otel.sock",
    4317,
  ]) {
    assert.equal(parse(wrong), undefined, String(wrong));
  }
});

test("a rate is a number of a million", () => {
  const { parse } = tracingKeys.tracing_sampling_rate_per_million;
  assert.deepEqual([0, 1_000_000, -1, 1_000_001, 0.5].map(parse), [
    0,
    1_000_000,
    undefined,
    undefined,
    undefined,
  ]);
});
