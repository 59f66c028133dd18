import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { it } from "node:test";
import { countZombies } from "./zombies.ts";

it("counts who has ended and was not asked after", async () => {
  const before = await countZombies();
  // Each shell becomes a program that never waits for the child it had.
  const parents = [1, 2, 3].map(() =>
    spawn("sh", ["-c", "sleep 0.01 & echo; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] }),
  );
  try {
    await Promise.all(parents.map(({ stdout }) => once(stdout, "data")));
    const deadline = Date.now() + 5000;
    while ((await countZombies()) < before + 3)
      assert.ok(Date.now() < deadline, String(await countZombies()));
  } finally {
    for (const parent of parents) parent.kill("SIGKILL");
  }
});
