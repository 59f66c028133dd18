import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { checkArguments, checkLabels, checkName, checkPath } from "./checked-fields.ts";

const refused = (work: () => void, message: RegExp) =>
  assert.throws(work, { code: status.INVALID_ARGUMENT, message });

test("names are short, of one word, and no way to elsewhere", () => {
  for (const name of ["nginx_1", "a.b-c", "żółć", "...", "", "a".repeat(253)]) checkName("f", name);
  for (const name of ["a b", "a\n", "../a", "..", ".", "a;b", "a=b", "\u202ea", "a\u009b", "a".repeat(254)])
    refused(() => checkName("f", name), /^f is ".*".*: it must/);
});

test("paths are no longer than the kernel takes them", () => {
  for (const path of ["", "/a b/é", "/a".repeat(2047), `/${"a".repeat(255)}`]) checkPath("f", path);
  for (const path of ["/a\nb", "/\u007f", "/a".repeat(2048), `/${"é".repeat(128)}`])
    refused(() => checkPath("f", path), /^f is ".*".*: (it must not|a p)/);
});

test("labels and annotations have a limit together", () => {
  checkLabels("m", { labels: { a: "b" }, annotations: { a: "x".repeat(400_000) } });
  const large = { a: "x".repeat(300_000), b: "x".repeat(300_000) };
  refused(
    () => checkLabels("m", { labels: {}, annotations: large }),
    /^m\.annotations is "600002 bytes": at most/,
  );
  refused(() => checkLabels("m", { labels: large, annotations: {} }), /^m\.labels is/);
});

test("arguments are what execve takes", () => {
  assert.equal(checkArguments("f", ["ab", "c"], 5), 5 + 11 + 10);
  checkArguments("f", ["a".repeat(131_071)]);
  refused(() => checkArguments("f", ["a", "a".repeat(131_072)]), /^f\[1\] is "a+"… \(131072 characters\)/);
  refused(() => checkArguments("f", Array(100).fill("a".repeat(100_000))), /^f is "\d+ bytes": Linux takes/);
});
