import assert from "node:assert/strict";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { parseReference } from "../registry/reference.ts";
import { PolicyFiles } from "./policy-files.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-policies-"));
after(() => rmSync(folder, { recursive: true }));

const file = join(folder, "policy.json");
const write = (type: string) => writeFileSync(file, JSON.stringify({ default: [{ type }] }));
const image = parseReference("h.test/x:1");
const typeOf = (files: PolicyFiles) => files.get(file).ruleFor(image).requirements[0]!.type;

test("a policy that stays the same is parsed once, and a change counts at once", (t) => {
  const files = new PolicyFiles();
  write("reject");
  assert.equal(typeOf(files), "reject");
  write("insecureAcceptAnything");
  assert.equal(typeOf(files), "insecureAcceptAnything");
  const now = t.mock.method(Date, "now", () => Number.MAX_SAFE_INTEGER);
  const settled = files.get(file);
  assert.equal(files.get(file), settled);
  utimesSync(file, 1, 1);
  assert.notEqual(files.get(file), settled);
  now.mock.restore();
  rmSync(file);
  assert.throws(() => files.get(file), {
    code: status.FAILED_PRECONDITION,
    message: /cannot be read: ENOENT/,
  });
});
