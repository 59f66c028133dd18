import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { it } from "node:test";
import { promisify } from "node:util";

/** Counts before and after three shells have become programs that never wait for the child each of them had. */
const counting = `
  import { spawn } from "node:child_process";
  import { countZombies } from ${JSON.stringify(new URL("zombies.ts", import.meta.url))};
  const before = await countZombies();
  for (let shell = 0; shell < 3; shell++) spawn("sh", ["-c", "true & exec sleep 60"], { stdio: "ignore" });
  while ((await countZombies()) < 3);
  console.log(before, await countZombies());
  process.exit();
`;

it("counts who has ended and was not asked after", async () => {
  // In a PID namespace of its own, for other tests' processes end as well.
  const { stdout } = await promisify(execFile)(
    "unshare",
    [
      "--pid",
      "--fork",
      "--kill-child",
      "--mount-proc",
      process.execPath,
      "--input-type=module",
      "--eval",
      counting,
    ],
    { timeout: 20_000, killSignal: "SIGKILL" },
  );
  assert.equal(stdout, "0 3\n");
});
