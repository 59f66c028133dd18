import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync } from "node:fs";
import { test } from "node:test";
import { isJournal, journalPrefix } from "./journal.ts";
import { log, redirectLog, setLinePrefix } from "./log.ts";

test("the journal is what systemd says it is, by device and inode", () => {
  const descriptor = openSync("/dev/null", "r");
  try {
    const { dev, ino } = fstatSync(descriptor);
    assert.equal(isJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, descriptor), true);
    assert.equal(isJournal({ JOURNAL_STREAM: `${dev}:${ino + 1}` }, descriptor), false);
    assert.equal(isJournal({}, descriptor), false);
  } finally {
    closeSync(descriptor);
  }
});

test("a line begins with its severity where that is asked for", () => {
  const lines: string[] = [];
  const back = redirectLog((line) => lines.push(line));
  setLinePrefix(journalPrefix);
  try {
    log.warn("beware");
    log.error("too late");
  } finally {
    setLinePrefix(() => "");
    back();
  }
  assert.match(lines[0]!, /^<4>\{.*"beware"\}\n$/);
  assert.match(lines[1]!, /^<3>\{.*"too late"\}\n$/);
});
