import assert from "node:assert/strict";
import { it } from "node:test";
import { commandList } from "./commands.ts";
import { mainHelp } from "./help.ts";
import { optionsHelp } from "./option.ts";

it("options stand in columns, long ones above their explanation, and no line is wider than a terminal", () => {
  const text = optionsHelp({
    config: { type: "string", short: "c", argument: "FILE", about: `${"word ".repeat(30)}end` },
    "a-long-name": { type: "string", argument: "SOME-LONG-VALUE", about: "what it does" },
    help: { type: "boolean", short: "h", about: "print this" },
  });
  const lines = text.trimEnd().split("\n");
  assert.equal(lines.length, 5);
  assert.match(lines[0]!, /^ {2}-c, --config FILE {2}word word/);
  assert.match(lines[1]!, /^ {21}word .*end$/);
  assert.equal(lines[2], "      --a-long-name SOME-LONG-VALUE");
  assert.equal(lines[3], `${" ".repeat(21)}what it does`);
  assert.equal(lines[4], "  -h, --help         print this");
  assert.ok(lines.every((line) => line.length <= 116));
});

it("critter --help names every command", () => {
  for (const { name, about } of commandList) {
    assert.match(mainHelp(), new RegExp(`^ {7}critter ${name}\\b`, "m"));
    assert.ok(mainHelp().replace(/\s+/g, " ").includes(about));
  }
});
