import assert from "node:assert/strict";
import { it } from "node:test";
import { Fields } from "../config/json-fields.ts";
import { parseReference } from "../registry/reference.ts";
import { parseIdentity } from "./identity.ts";

const digest = `sha256:${"a".repeat(64)}`;
const other = `sha256:${"b".repeat(64)}`;

/** Which of the signed names are accepted for an image. */
function accepted(rule: object, image: string, signed: string[]): string[] {
  const identity = parseIdentity(new Fields("policy.json", "signedIdentity", rule));
  return signed.filter((name) => identity.problem(parseReference(image), name) === undefined);
}

const names = ["h.test/x", "h.test/x:1", "h.test/x:2", `h.test/x@${digest}`, "h.test/y:1", "x:1", "", "X//"];

it("matchExact wants the very name", () => {
  const rule = { type: "matchExact" };
  assert.deepEqual(accepted(rule, "h.test/x:1", names), ["h.test/x:1"]);
  assert.deepEqual(accepted(rule, `h.test/x@${digest}`, names), [`h.test/x@${digest}`]);
  assert.deepEqual(accepted(rule, `h.test/x@${other}`, names), []);
  assert.deepEqual(accepted(rule, "x:1", names), ["x:1"], "both names mean docker.io/library");
});

it("matchRepoDigestOrExact wants the tag of what is pulled by tag, the repository of what is pulled by digest", () => {
  const rule = { type: "matchRepoDigestOrExact" };
  assert.deepEqual(accepted(rule, "h.test/x:1", names), ["h.test/x:1"]);
  assert.deepEqual(accepted(rule, "h.test/x", ["h.test/x:latest", "h.test/x"]), ["h.test/x:latest"]);
  const inRepository = ["h.test/x:1", "h.test/x:2", `h.test/x@${digest}`];
  assert.deepEqual(accepted(rule, `h.test/x@${other}`, names), inRepository);
  assert.deepEqual(accepted(rule, `h.test/x:3@${other}`, names), inRepository);
});

it("matchRepository wants the repository, as cosign writes it", () => {
  assert.deepEqual(accepted({ type: "matchRepository" }, "h.test/x:3", names), names.slice(0, 4));
});

it("exactReference and exactRepository want what they name, whatever is pulled", () => {
  const reference = { type: "exactReference", dockerReference: "h.test/y:1" };
  assert.deepEqual(accepted(reference, "mirror.test/y:2", names), ["h.test/y:1"]);
  const repository = { type: "exactRepository", dockerRepository: "h.test/x" };
  assert.deepEqual(accepted(repository, "mirror.test/y:2", names), names.slice(0, 4));
});

it("remapIdentity exchanges a whole prefix, and matches as matchRepoDigestOrExact does", () => {
  const rule = { type: "remapIdentity", prefix: "m.test:5000/vendor", signedPrefix: "h.test" };
  assert.deepEqual(accepted(rule, "m.test:5000/vendor/x:1", names), ["h.test/x:1"]);
  assert.deepEqual(accepted(rule, `m.test:5000/vendor/y@${digest}`, names), ["h.test/y:1"]);
  assert.deepEqual(accepted(rule, "m.test:5000/vendors/x:1", names), []);
  assert.deepEqual(accepted(rule, "h.test/x:2", names), ["h.test/x:2"], "no prefix, no change");
});
