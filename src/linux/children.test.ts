import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ChildProcess, spawn } from "./child-process.ts";
import { OrphanExpectation } from "./children.ts";

/** Runs a shell that leaves the process whose number it prints. */
async function orphanOf(script: string): Promise<number> {
  const shell = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
  assert.ok(shell.stdout);
  const [said] = await Promise.all([text(shell.stdout), ended(shell)]);
  return Number(said);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) await once(child, "exit");
}

async function noChildIsLeft(): Promise<void> {
  const children = () => readFileSync(`/proc/self/task/${process.pid}/children`, "latin1").trim();
  for (let turn = 0; turn < 500 && children() !== ""; turn++) await sleep(10);
  assert.equal(children(), "");
}

test("an orphan that is expected tells how it ended, whether or not it ended first", async () => {
  const orphans = new OrphanExpectation();
  const slow = await orphanOf("sh -c 'sleep 1.5; exit 7' >/dev/null & echo $!");
  const killed = await orphanOf("sleep 1000 >/dev/null & echo $!");
  // The shell would wait for it; the program that takes the shell's place does not.
  const quick = await orphanOf("sh -c 'sleep 0.5; exit 3' >/dev/null & echo $!; exec sleep 1");
  assert.deepEqual(await orphans.end(quick), { exitCode: 3, exitSignal: null });
  const ends = [orphans.end(slow), orphans.end(killed)];
  orphans.close();
  process.kill(killed, "SIGTERM");
  assert.deepEqual(await Promise.all(ends), [
    { exitCode: 7, exitSignal: null },
    { exitCode: null, exitSignal: "SIGTERM" },
  ]);
  await noChildIsLeft();
});

test("the end of one that its parent has waited for is not known", async () => {
  const orphans = new OrphanExpectation();
  const waitedFor = await orphanOf("true & echo $!; wait");
  await assert.rejects(orphans.end(waitedFor), /has ended unnoticed/);
  orphans.close();
});

test("orphans that nobody expects are reaped, and children tell of their ends all the same", async () => {
  new OrphanExpectation().close();
  for (let life = 0; life < 20; life++) await orphanOf("(sleep 0.01; exit 5) >/dev/null & echo $!");
  const last = spawn("sh", ["-c", "sleep 0.1; exit 9"], { stdio: ["ignore"] });
  await ended(last);
  assert.equal(last.exitCode, 9);
  await noChildIsLeft();
});
