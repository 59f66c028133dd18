import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { pauseProgram } from "./pause-program.ts";

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`the pause program outlasts other signals and leaves with 0 on ${signal}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "critter-pause-"));
    try {
      const file = join(folder, "pause");
      writeFileSync(file, pauseProgram(), { mode: 0o755 });
      const child = spawn(file, { stdio: "ignore" });
      await once(child, "spawn");
      await asleep(child.pid!);
      for (const other of ["SIGCHLD", "SIGUSR1", "SIGHUP", signal] as const) child.kill(other);
      assert.deepEqual(await once(child, "exit"), [0, null]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

/** Until it waits, signals have their default action: only process 1 of a namespace is safe from them before. */
async function asleep(pid: number): Promise<void> {
  while (!readFileSync(`/proc/${pid}/stat`, "utf8").includes(") S ")) await setImmediate();
}
