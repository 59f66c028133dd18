import assert from "node:assert/strict";
import { test } from "node:test";
import { printable, shortened, shown } from "./printable.ts";

test("what would steer a terminal or turn the text is escaped, letters of any script are not", () => {
  assert.equal(printable("a\u001b[31m\u009b\r\nb"), "a\\u001b[31m\\u009b\\r\\nb");
  assert.equal(printable("\u202egnp.exe\u2028\u200f\ufeff"), "\\u202egnp.exe\\u2028\\u200f\\ufeff");
  assert.equal(printable("half \ud83d"), "half \\ud83d");
  assert.equal(printable("żółć 日本 😀 …"), "żółć 日本 😀 …");
});

test("a long text is cut, and says how long it was", () => {
  assert.equal(shortened("abc", 3), "abc");
  assert.equal(shortened("abcd", 3), "abc… (4 characters)");
  assert.equal(shortened("ab😀", 3), "ab… (4 characters)");
});

test("values are shown as JSON, short enough for a line", () => {
  assert.equal(shown('a"\n'), '"a\\"\\n"');
  assert.equal(shown(undefined), "absent");
  assert.equal(shown("a".repeat(1 << 20)), `"${"a".repeat(200)}"… (1048576 characters)`);
  assert.ok(shown(Array.from({ length: 1000 }, () => "b")).length < 500);
});
