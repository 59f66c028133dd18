import assert from "node:assert/strict";
import { it } from "node:test";
import { duplicateName } from "./duplicate-names.ts";

it("finds a name that one object has twice, however it is written", () => {
  assert.equal(duplicateName('{"a": 1, "b": {"c": [{}, {"d": 1, "d" : 2}]}}'), "d");
  assert.equal(duplicateName('{"a": {"x": []}, "\\u0061": 1}'), "a");
  assert.equal(duplicateName('{"": 1,\n"":\n2}'), "");
});

it("lets one name stand in several objects, and in values", () => {
  assert.equal(duplicateName('{"a": {"a": "a"}, "b": ["a", "a", {"a": 1}, {"a": 2}]}'), undefined);
  assert.equal(duplicateName('{"a": "\\"a\\": {", "b": "}, \\\\", "c": "[\\"b\\":"}'), undefined);
  assert.equal(duplicateName("[]"), undefined);
});
