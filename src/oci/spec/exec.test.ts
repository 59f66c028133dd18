import assert from "node:assert/strict";
import { test } from "node:test";
import { execProcess } from "./exec.ts";
import type { Process } from "./types.ts";

const container = { args: ["server"], env: ["PATH=/bin"], cwd: "/work", terminal: true } as Process;

test("an exec is the container's process with another command", () => {
  const changed = execProcess(container, ["sh", "-c", "true"], false);
  assert.deepEqual(changed, { ...container, args: ["sh", "-c", "true"], terminal: false });
});

test("a terminal's kind is told unless the container's environment tells it", () => {
  assert.deepEqual(execProcess(container, ["sh"], true).env, ["PATH=/bin", "TERM=xterm"]);
  const named = { ...container, env: ["TERM=linux"] };
  assert.deepEqual(execProcess(named, ["sh"], true).env, ["TERM=linux"]);
});
