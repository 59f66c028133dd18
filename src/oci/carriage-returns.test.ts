import assert from "node:assert/strict";
import { test } from "node:test";
import { CarriageReturns } from "./carriage-returns.ts";

function through(chunks: readonly string[]): string {
  const stream = new CarriageReturns();
  const parts: Buffer[] = [];
  stream.on("data", (part: Buffer) => parts.push(part));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  let part: Buffer | null;
  for (part = stream.read(); part !== null; part = stream.read()) parts.push(part);
  return Buffer.concat(parts).toString();
}

test("two carriage returns before a newline become one, wherever the chunks begin", () => {
  const text = "\r\r\none\r\r\ntwo\r\nthree\rfour\r\rfive\n\r\r\r\nsix\r\r";
  const expected = "\r\none\r\ntwo\r\nthree\rfour\r\rfive\n\r\r\nsix\r\r";
  assert.equal(through([text]), expected);
  assert.equal(through([...text]), expected);
  for (let at = 0; at < text.length; at++) {
    for (let to = at; to < text.length; to++) {
      const chunks = [text.slice(0, at), text.slice(at, to), text.slice(to)];
      assert.equal(through(chunks), expected, JSON.stringify(chunks));
    }
  }
});
