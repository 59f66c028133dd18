import assert from "node:assert/strict";
import { test } from "node:test";
import {
  absentOr,
  fields,
  isId,
  isInteger,
  isString,
  isTime,
  listOf,
  mapOf,
  nullOr,
  oneOf,
} from "./fields.ts";

test("a record is held against its fields, and may have others", () => {
  const isPod = fields({
    id: isId,
    phase: oneOf(["ready", "gone"]),
    labels: mapOf(isString),
    ips: listOf(isString),
  });
  const pod = { id: "0f".repeat(32), phase: "ready", labels: { a: "b" }, ips: [], later: 1 };
  assert.ok(isPod(pod));
  const wrong = [
    null,
    [],
    "text",
    {},
    { ...pod, id: "../etc" },
    { ...pod, id: undefined },
    { ...pod, phase: "toString" },
    { ...pod, labels: ["b"] },
    { ...pod, labels: { a: 1 } },
    { ...pod, ips: { 0: "a", length: 1 } },
    { ...pod, ips: [null] },
  ];
  for (const record of wrong) assert.ok(!isPod(record), JSON.stringify(record));
});

test("null and absence are taken where they are said to be", () => {
  assert.ok(nullOr(isInteger)(null) && nullOr(isInteger)(1) && !nullOr(isInteger)(undefined));
  assert.ok(absentOr(isInteger)(undefined) && absentOr(isInteger)(1) && !absentOr(isInteger)(null));
});

test("times are whole nanoseconds in a string", () => {
  for (const time of ["0", "1795317492577161000"]) assert.ok(isTime(time));
  for (const time of [0, "", "-1", "1.5", "12345678901234567890", null]) assert.ok(!isTime(time));
});
