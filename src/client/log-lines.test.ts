import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LogEntry, LogLines } from "./log-lines.ts";

const time = "2026-01-02T03:04:05.678901234+00:00";

function read(...chunks: (string | Buffer)[]): [string, string][] {
  const lines = new LogLines();
  const entries = chunks.flatMap((chunk): LogEntry[] => lines.push(Buffer.from(chunk)));
  return entries.map(({ stream, content }) => [stream, content.toString("latin1")]);
}

describe("LogLines", () => {
  it("tells the streams apart and keeps the text's own blanks", () => {
    assert.deepEqual(read(`${time} stdout F  a  b \n${time} stderr F \n`), [
      ["stdout", " a  b \n"],
      ["stderr", "\n"],
    ]);
  });

  it("joins the parts of a long line: only the last has a newline", () => {
    assert.deepEqual(read(`${time} stdout P one \n${time} stdout P two\n${time} stdout F three\n`), [
      ["stdout", "one "],
      ["stdout", "two"],
      ["stdout", "three\n"],
    ]);
  });

  it("takes chunks that end anywhere, even within a character", () => {
    const log = Buffer.from(`${time} stdout F größe\n${time} stderr F b\n`);
    for (let cut = 0; cut <= log.length; cut++) {
      const whole = read(log.subarray(0, cut), log.subarray(cut));
      assert.deepEqual(whole, [
        ["stdout", Buffer.from("größe\n").toString("latin1")],
        ["stderr", "b\n"],
      ]);
    }
  });

  it("keeps bytes that are not text, and further tags out of the way", () => {
    const binary = Buffer.concat([Buffer.from(`${time} stdout P:tag `), Buffer.from([0, 0xff, 0x0a])]);
    assert.deepEqual(read(binary), [["stdout", "\x00\xff"]]);
  });

  it("leaves out what is not of the format, and an end without a newline", () => {
    assert.deepEqual(
      read(`nonsense\n${time} stdin F x\n${time} stdout X x\n${time} stdout F unfinished`),
      [],
    );
  });
});
