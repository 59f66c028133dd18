/** Reads a container's log in the format of the CRI. */
import assert from "node:assert/strict";

export interface LogLine {
  time: string;
  stream: string;
  tag: string;
  text: string;
}

/** The lines of a log; a line that is not `TIME STREAM TAG TEXT`, with a time of RFC 3339, is an assertion error. */
export function parseLog(log: string): LogLine[] {
  return log
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const match =
        /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([FP]) (.*)$/s.exec(line);
      assert.ok(match, `a log line of the CRI: ${JSON.stringify(line)}`);
      const [, time, stream, tag, text] = match as unknown as [string, string, string, string, string];
      return { time, stream, tag, text };
    });
}
