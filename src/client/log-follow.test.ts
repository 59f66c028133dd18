import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { LogFollower } from "./log-follow.ts";

const line = (text: string) => `2026-01-02T03:04:05.6+00:00 stdout F ${text}\n`;

describe("LogFollower", () => {
  let folder: string;
  let path: string;
  let seen: string[];
  let arrivals: EventEmitter;
  let follower: LogFollower;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "critter-log-"));
    path = join(folder, "main.log");
    seen = [];
    arrivals = new EventEmitter();
    follower = new LogFollower(path, ({ content }) => {
      const text = content.toString().trimEnd();
      seen.push(text);
      arrivals.emit(text);
    });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("waits for the file and delivers lines as they come", async () => {
    const one = once(arrivals, "one");
    writeFileSync(path, line("one"));
    await one;
    const two = once(arrivals, "two");
    appendFileSync(path, line("two"));
    await two;
    appendFileSync(path, line("three"));
    await follower.finish();
    assert.deepEqual(seen, ["one", "two", "three"]);
  });

  it("goes on in the new file when the log is rotated, and loses no line", async () => {
    const one = once(arrivals, "one");
    writeFileSync(path, line("one"));
    await one;
    appendFileSync(path, line("two"));
    renameSync(path, `${path}.1`);
    const three = once(arrivals, "three");
    writeFileSync(path, line("three"));
    await three;
    await follower.finish();
    assert.deepEqual(seen, ["one", "two", "three"]);
  });

  it("has nothing to deliver of a log that never comes", async () => {
    await follower.finish();
    assert.deepEqual(seen, []);
  });
});

describe("a failing delivery", () => {
  it("is what finish() rejects with", async () => {
    const folder = mkdtempSync(join(tmpdir(), "critter-log-"));
    try {
      writeFileSync(join(folder, "main.log"), line("one"));
      const follower = new LogFollower(join(folder, "main.log"), () => {
        throw new Error("the reader is gone");
      });
      await assert.rejects(follower.finish(), /the reader is gone/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
