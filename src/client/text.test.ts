import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fields, table } from "./text.ts";

describe("text for a terminal", () => {
  it("tables align, numbers at their right", () => {
    const columns = [{ title: "NAME" }, { title: "MEMORY", right: true }, { title: "IMAGE" }];
    const rows = [
      ["a", "1.0 kB", "busybox"],
      ["longer", "20 B", ""],
    ];
    assert.equal(
      table(columns, rows),
      ["NAME    MEMORY  IMAGE", "a       1.0 kB  busybox", "longer    20 B", ""].join("\n"),
    );
  });

  it("fields align; those without a value are left out", () => {
    const text = fields([
      ["id", "1"],
      ["mounts", ["/a", "/b"]],
      ["labels", []],
      ["message", undefined],
      ["log", ""],
    ]);
    assert.equal(text, "  id      1\n  mounts  /a\n          /b\n");
  });

  it("what others have written cannot command the terminal", () => {
    assert.equal(fields([["message", "\x1b[2Jgone\n\u009b1m"]]), "  message  \\x1b[2Jgone\\x0a\\x9b1m\n");
  });
});
