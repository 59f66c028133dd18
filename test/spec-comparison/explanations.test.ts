import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { judge, key } from "./comparison.ts";
import { DOCUMENT, renderDocument } from "./document.ts";
import { type Explanation, expand, matches, placesOf } from "./explanation.ts";
import { explanations } from "./explanations.ts";

const all = explanations.flatMap((section) => section.explanations);

describe("the explanations of differences", () => {
  it("are what docs/config-json.md says (renew it with: npm run compare:spec -- --document)", () => {
    assert.equal(readFileSync(DOCUMENT, "utf8"), renderDocument());
  });

  it("speak of each place once, and of no two values that are alike", () => {
    const places = all.flatMap(placesOf).map(key);
    assert.deepEqual(
      places.filter((place, at) => places.indexOf(place) !== at),
      [],
    );
    for (const { path, containerd, critter } of all) assert.notEqual(containerd, critter, path);
  });
});

describe("an explanation", () => {
  it("stands for a path with each of what is in braces", () => {
    assert.deepEqual(expand("a.{b,c}[{1,2}]"), ["a.b[1]", "a.b[2]", "a.c[1]", "a.c[2]"]);
    assert.deepEqual(expand("a[b]"), ["a[b]"]);
  });

  it("has a value as it is, or with any part left out", () => {
    assert.ok(matches("/run/x/POD", "/run/…/POD"));
    assert.ok(matches(undefined, undefined));
    assert.ok(!matches("a.c", "abc") && !matches("abc", "a.c"));
    assert.ok(!matches(undefined, "…") && !matches("", undefined));
  });

  it("must fit a difference's values, and be needed, unless it is so on some machines only", () => {
    const one: Explanation = { kinds: ["plain"], owner: "container", path: "a", critter: "1", reason: "" };
    const found = { kind: "plain", owner: "container", path: "a", critter: "1" } as const;
    assert.deepEqual(judge([found], [one]), {
      explained: [{ ...found, explanation: one }],
      unexplained: [],
      stale: [],
    });
    assert.equal(judge([{ ...found, critter: "2" }], [one]).unexplained.length, 1);
    assert.equal(judge([{ ...found, kind: "privileged" }], [one]).unexplained.length, 1);
    assert.deepEqual(judge([], [one]).stale, [{ kind: "plain", owner: "container", path: "a" }]);
    assert.deepEqual(judge([], [{ ...one, where: "elsewhere" }]).stale, []);
  });
});
