import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { loadCri } from "./proto.ts";
import { checkWire } from "./wire-check.ts";

const { RuntimeService, shapes } = loadCri();
const shape = shapes.get("RunPodSandboxRequest");
const bytes = (hex: string) => Buffer.from(hex, "hex");
const refuse = (message: Buffer, expected: RegExp) =>
  assert.throws(() => checkWire(shape, message), { code: status.INVALID_ARGUMENT, message: expected });

/** A field of wire type 2 and a number below 16. */
const field = (number: number, content: Buffer | string) => {
  const value = Buffer.from(content);
  return Buffer.concat([Buffer.from([number * 8 + 2, value.length]), value]);
};
const inMetadata = (content: Buffer) => field(1, field(1, content));

test("what a client encodes is right, with unknown fields too", () => {
  const request = {
    config: {
      metadata: { name: "żółć", uid: "u", namespace: "n", attempt: 4_294_967_295 },
      labels: { a: "b", "": "" },
      portMappings: [{ hostPort: -1 }],
      linux: { securityContext: { supplementalGroups: [1, 2 ** 40], runAsUser: { value: -1 } } },
    },
    runtimeHandler: "runc",
  };
  const encoded = RuntimeService.RunPodSandbox.requestSerialize(request);
  checkWire(shape, encoded);
  checkWire(shape, Buffer.alloc(0));
  // A varint, eight bytes, a text and four bytes of the fields 100 to 103.
  checkWire(
    shape,
    Buffer.concat([encoded, bytes("a00601 a9060000000000000000 b2060161 bd0600000000".replaceAll(" ", ""))]),
  );
});

test("every message that is cut off is told from a whole one", () => {
  const whole = field(1, Buffer.concat([field(1, field(1, "name")), field(2, "host")]));
  for (let length = 1; length < whole.length; length++)
    refuse(whole.subarray(0, length), /is "byte \d+ of \d+": not an encoded message: it ends before/);
});

test("texts that are not UTF-8 or hold a NUL are named; a map's value may hold one", () => {
  refuse(inMetadata(field(1, bytes("c0af"))), /^config\.metadata\.name is "\ufffd\ufffd": it is not UTF-8$/);
  refuse(inMetadata(field(3, "a\0b")), /^config\.metadata\.namespace is "a\\u0000b": it holds a NUL/);
  const entry = (key: string, value: string) =>
    field(1, field(7, Buffer.concat([field(1, key), field(2, value)])));
  checkWire(shape, entry("a", "b\0c"));
  refuse(entry("a\0", "b"), /^config\.annotations\.key is/);
  refuse(
    field(1, Buffer.concat([field(5, ""), field(5, field(4, bytes("ff")))])),
    /^config\.port_mappings\[1\]\.host_ip is/,
  );
});

test("what breaks the encoding is refused", () => {
  refuse(bytes("0801"), /^config is "byte 1 of 2": .* wire type 0 is none of message$/);
  refuse(bytes("0201"), /there is no field 0$/);
  refuse(bytes("0b0c"), /wire type 3 is none of message$/);
  refuse(bytes("a306"), /there is no wire type 3$/);
  refuse(bytes("a006ffffffffffffffffffff01"), /a number has more than ten bytes$/);
  refuse(bytes("0affffffffffffffffff01"), /it ends before it should$/);
});

test("a number of 32 bits has five bytes, or ten where it is negative", () => {
  const port = (number: string) => field(1, field(5, bytes(`18${number}`)));
  checkWire(shape, port("ffffffff07"));
  checkWire(shape, port("ffffffffffffffffff01"));
  refuse(port("80808080808001"), /^config\.port_mappings\[0\]\.host_port is .* 7 bytes is none of int32$/);
});

test("a request of very many fields is refused", () => {
  const many = (count: number) => Buffer.alloc(count * 2, field(4, "").toString("latin1"), "latin1");
  checkWire(shape, many(100_000));
  refuse(many(100_001), /more than 100000 fields$/);
  const ports = shapes.get("PortForwardRequest");
  const packed = (count: number) => Buffer.concat([bytes("12"), bytes("c0843d"), Buffer.alloc(count, 1)]);
  assert.throws(() => checkWire(ports, packed(1_000_000)), /more than 100000 fields$/);
});
