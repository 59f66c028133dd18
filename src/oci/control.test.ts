import assert from "node:assert/strict";
import { readFileSync, renameSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { signalProcess } from "../linux/process.ts";
import { reopenLog, resizeTerminal } from "./control.ts";
import { TestBed } from "./test-bed.test.ts";

const bed = new TestBed();
await bed.exits.start();
after(() => bed.remove());

const linesOf = (path: string) => readFileSync(path, "utf8").trim().split("\n").filter(Boolean);

test("a log is reopened: the new file is there at once, the old one grows no more", async () => {
  const { bundle, logPath, id } = await bed.start({
    args: ["sh", "-c", "while true; do echo line; sleep 0.02; done"],
  });
  renameSync(logPath, `${logPath}.1`);
  await reopenLog(bundle, logPath);
  assert.ok(readFileSync(logPath).length >= 0);
  const before = linesOf(`${logPath}.1`).length;
  await sleep(200);
  assert.equal(linesOf(`${logPath}.1`).length, before);
  assert.ok(linesOf(logPath).length > 0);
  // Also where nobody has moved it away.
  await reopenLog(bundle, logPath);
  await bed.runtime.delete(id, { force: true });
});

test("a terminal takes its size", async () => {
  const { bundle, logPath, id } = await bed.start({
    args: ["sh", "-c", "while sleep 0.05; do stty size; done"],
    tty: true,
  });
  resizeTerminal(bundle, 43, 117);
  await sleep(300);
  assert.match(linesOf(logPath).at(-1) ?? "", / stdout F 43 117/);
  await bed.runtime.delete(id, { force: true });
});

test("a monitor that is gone is an error, not a hang", async () => {
  const { bundle, logPath, id, monitor } = await bed.start({ args: ["sleep", "1000"] });
  signalProcess(monitor, 9);
  await sleep(50);
  await assert.rejects(reopenLog(bundle, logPath), /no monitor listens at .*ctl/);
  assert.throws(() => resizeTerminal(bundle, 1, 1), /no monitor listens/);
  await bed.runtime.delete(id, { force: true });
});
