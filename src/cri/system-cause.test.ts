import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { codeOf, StatusError } from "./status-error.ts";

function failureOf(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("what the machine refuses has a code of its own, also as the cause of another error", () => {
  const full = failureOf(() => writeFileSync("/dev/full", "x"));
  assert.equal(codeOf(full), status.RESOURCE_EXHAUSTED);
  assert.equal(codeOf(new Error("cannot be made", { cause: full })), status.RESOURCE_EXHAUSTED);
  assert.equal(codeOf(failureOf(() => writeFileSync("/proc/none", "x"))), status.UNKNOWN);
});

test("so have SQLite's refusals, and what programs say of theirs", () => {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE t (x); PRAGMA max_page_count = 2; ");
  const full = failureOf(() => database.exec("INSERT INTO t VALUES (zeroblob(100000))"));
  assert.equal(codeOf(full), status.RESOURCE_EXHAUSTED);
  database.exec("PRAGMA query_only = ON");
  assert.equal(codeOf(failureOf(() => database.exec("DELETE FROM t"))), status.FAILED_PRECONDITION);
  assert.equal(
    codeOf(new Error("runc create: write /run/x: no space left on device")),
    status.RESOURCE_EXHAUSTED,
  );
});

test("a code that was chosen counts, and a plain failure has none", () => {
  const full = failureOf(() => writeFileSync("/dev/full", "x"));
  assert.equal(codeOf(new StatusError(status.INTERNAL, "x", { cause: full })), status.INTERNAL);
  assert.equal(codeOf(new Error("x")), status.UNKNOWN);
});
