import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { idleMetrics } from "../../test/support/idle-metrics.ts";
import { collectors, metricName } from "../config/metrics-keys.ts";
import { renderReference } from "./reference.ts";

const { families, stop } = idleMetrics();
const names = families.registry.getMetricsAsArray().map(({ name }) => name);
after(stop);

const read = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");

it("every collector is a metric", () => {
  for (const collector of collectors) assert.ok(names.includes(metricName(collector)), collector);
});

it("docs/metrics.md is what the registry says (renew it with: node scripts/generate-metrics-reference.ts)", () => {
  assert.equal(read("metrics.md"), renderReference(families.registry));
});

interface Panel {
  id: number;
  title: string;
  type: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string; refId: string }[];
}

describe("docs/grafana-dashboard.json", () => {
  const dashboard = JSON.parse(read("grafana-dashboard.json"));
  const panels: Panel[] = dashboard.panels;

  it("asks for metrics that there are", () => {
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const variables = dashboard.templating.list.map(({ query }: { query: unknown }) => JSON.stringify(query));
    const used = [...queries, ...variables].flatMap(
      (text) => text.match(/\b(container_runtime|process|nodejs)_\w+/g) ?? [],
    );
    assert.ok(used.length > 30);
    const known = new Set(names.flatMap((name) => [name, `${name}_sum`, `${name}_count`, `${name}_bucket`]));
    assert.deepEqual(
      used.filter((name) => !known.has(name)),
      [],
    );
  });

  it("can be imported: it asks for its data source, and no two panels have one id or one place", () => {
    assert.deepEqual(
      dashboard.__inputs.map(({ name, pluginId }: Record<string, string>) => [name, pluginId]),
      [["DS_PROMETHEUS", "prometheus"]],
    );
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const places = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    assert.equal(new Set(places).size, places.length);
    assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
  });

  it("has a row for each part of the daemon", () => {
    const rows = panels.filter(({ type }) => type === "row").map(({ title }) => title);
    assert.deepEqual(rows, [
      "RPCs",
      "Image pulls",
      "CNI and the OCI runtime",
      "Pods, containers, streams",
      "The daemon's process",
    ]);
  });
});
