import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TerminalSize } from "./session.ts";
import { TerminalSizes } from "./terminal-sizes.ts";

function sizesOf(...chunks: string[]): TerminalSize[] {
  const sizes = new TerminalSizes();
  const seen: TerminalSize[] = [];
  sizes.onResize((size) => seen.push(size));
  for (const chunk of chunks) sizes.feed(Buffer.from(chunk));
  return seen;
}

describe("TerminalSizes", () => {
  it("are read however the stream is cut", () => {
    const text = '{"Width":80,"Height":24}\n{"Width":100,"Height":30}{"width":7,"height":8}\n';
    const expected = [
      { width: 80, height: 24 },
      { width: 100, height: 30 },
      { width: 7, height: 8 },
    ];
    assert.deepEqual(sizesOf(text), expected);
    assert.deepEqual(sizesOf(...text), expected);
  });

  it("are kept for a listener that comes later", () => {
    const sizes = new TerminalSizes();
    sizes.feed(Buffer.from('{"Width":1,"Height":2}{"Width":3,"Height":4}'));
    const seen: TerminalSize[] = [];
    sizes.onResize((size) => seen.push(size));
    assert.deepEqual(seen, [{ width: 3, height: 4 }]);
  });

  it("are left out where no terminal can have them", () => {
    assert.deepEqual(sizesOf('{"Width":0,"Height":24}{"Width":70000,"Height":24}{"Width":1.5}{}'), []);
  });

  it("are the only thing in the stream", () => {
    assert.throws(() => sizesOf("not JSON}"), /"not JSON}" is no terminal size/);
    assert.throws(() => sizesOf(" ".repeat(2000)), /no terminal size within 1024 bytes/);
  });
});
