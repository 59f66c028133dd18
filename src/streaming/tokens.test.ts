import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import type { StatusError } from "../cri/status-error.ts";
import { Tokens } from "./tokens.ts";

describe("Tokens", () => {
  it("are redeemed once, by 128 random bits", () => {
    const tokens = new Tokens<string>();
    const token = tokens.issue("session");
    assert.equal(Buffer.from(token, "base64url").length, 16);
    assert.match(token, /^[\w-]+$/);
    assert.notEqual(tokens.issue("another"), token);
    assert.equal(tokens.outstanding, 2);
    assert.equal(tokens.redeem(token), "session");
    assert.equal(tokens.redeem(token), undefined);
    assert.equal(tokens.redeem("unknown"), undefined);
    assert.equal(tokens.outstanding, 1);
  });

  it("expire after a minute", () => {
    let now = 0;
    const tokens = new Tokens<string>(() => now);
    const early = tokens.issue("early");
    now = 30_000;
    const late = tokens.issue("late");
    now = 59_999;
    assert.equal(tokens.outstanding, 2);
    now = 60_000;
    assert.equal(tokens.redeem(early), undefined);
    assert.equal(tokens.redeem(late), "late");
  });

  it("are a thousand at most, until the oldest expire", () => {
    let now = 0;
    const tokens = new Tokens<number>(() => now);
    for (let count = 0; count < 1000; count++) tokens.issue(count);
    assert.throws(
      () => tokens.issue(1000),
      (error: StatusError) =>
        error.code === status.RESOURCE_EXHAUSTED && /1000 streaming URLs/.test(error.message),
    );
    now = 60_000;
    assert.ok(tokens.issue(1001));
    assert.equal(tokens.outstanding, 1);
  });
});
