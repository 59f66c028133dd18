import assert from "node:assert/strict";
import { test } from "node:test";
import { parseYaml } from "./yaml.ts";

test("scalars are what Go's programs make of them", () => {
  const content =
    "octal: [0644, 0o644]\nhex: 0x1a\nzero: 0\ntexts: [12:30, 2020-01-01, 0.7.0, yes]\nflag: true\n";
  assert.deepEqual(parseYaml(content), {
    octal: [0o644, 0o644],
    hex: 26,
    zero: 0,
    texts: ["12:30", "2020-01-01", "0.7.0", "yes"],
    flag: true,
  });
});

test("merge keys are resolved, and what is no YAML is refused with its line", () => {
  assert.deepEqual(parseYaml("a: &a {x: 1}\nb: {<<: *a, y: 2}\n"), { a: { x: 1 }, b: { x: 1, y: 2 } });
  assert.throws(() => parseYaml("a: [\nb: }"), /\(2:/);
  assert.throws(() => parseYaml("a: 1\na: 2\n"), /duplicated mapping key/);
});
