import assert from "node:assert/strict";
import { test } from "node:test";
import { type DbusMessage, decodeMessage, encodeMessage } from "./dbus-message.ts";
import type { DbusValue } from "./dbus-values.ts";

function message(signature: string, body: DbusValue[]): DbusMessage {
  return {
    type: "call",
    serial: 7,
    path: "/a",
    interface: "a.B",
    member: "C",
    destination: "a.D",
    signature,
    body,
  };
}

test("what is written is read back, whatever its type and place", () => {
  const bodies: [string, DbusValue[]][] = [
    ["", []],
    ["ybs", [255, true, "ä"]],
    ["yt", [1, 2n ** 63n]],
    ["iu", [-5, 4_294_967_295]],
    ["og", ["/org/x", "a(sv)"]],
    ["asau", [["a", ""], []]],
    [
      "ya(sv)y",
      [
        1,
        [
          ["Slice", { signature: "s", value: "a.slice" }],
          ["PIDs", { signature: "au", value: [1, 2] }],
        ],
        2,
      ],
    ],
    [
      "a(sa(sv))a{sv}",
      [[["x", [["y", { signature: "b", value: false }]]]], [["k", { signature: "t", value: 9n }]]],
    ],
    ["s", ["long ".repeat(200)]],
  ];
  for (const [signature, body] of bodies) {
    const given = message(signature, body);
    const bytes = encodeMessage(given);
    const { message: read, length } = decodeMessage(Buffer.concat([bytes, Buffer.from("rest")]))!;
    assert.equal(length, bytes.length);
    if (signature === "") delete given.signature;
    assert.deepEqual(read, given);
  }
});

test("a header is the specification's, byte by byte", () => {
  const bytes = encodeMessage({ type: "call", serial: 1, path: "/", member: "Hi", body: [] });
  const header = "6c010001 00000000 01000000 1b000000";
  const path = "01016f00 01000000 2f00 000000000000";
  const member = "03017300 02000000 486900 0000000000";
  assert.equal(bytes.toString("hex"), `${header}${path}${member}`.replaceAll(" ", ""));
});

test("half a message is waited for, what is none is an error", () => {
  const bytes = encodeMessage(message("s", ["text"]));
  for (let length = 0; length < bytes.length; length++)
    assert.equal(decodeMessage(bytes.subarray(0, length)), undefined);
  assert.throws(() => decodeMessage(Buffer.from("B".repeat(16))), /not a D-Bus message/);
  const huge = Buffer.from(bytes);
  huge.writeUInt32LE(2 ** 31, 4);
  assert.throws(() => decodeMessage(huge), /message of 2147483\d+ bytes/);
  assert.throws(() => encodeMessage(message("(s", [["a"]])), /signature \(s ends too soon/);
  assert.throws(() => encodeMessage(message("h", [1])), /type h is not known/);
});
