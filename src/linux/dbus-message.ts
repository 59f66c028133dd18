/** D-Bus messages as bytes (D-Bus specification, "Message Format"), in little endian. */
import { aligned, DbusReader, type DbusValue, type DbusVariant, DbusWriter } from "./dbus-values.ts";

export type DbusMessageType = "call" | "return" | "error" | "signal";

export interface DbusMessage {
  type: DbusMessageType;
  serial: number;
  path?: string;
  interface?: string;
  member?: string;
  errorName?: string;
  replySerial?: number;
  destination?: string;
  sender?: string;
  /** The types of the body. */
  signature?: string;
  body: DbusValue[];
}

type FieldName = Exclude<keyof DbusMessage, "type" | "serial" | "body">;

const types: DbusMessageType[] = ["call", "return", "error", "signal"];

/** The header's fields, by their number, which is the place in the list. */
const fields: readonly (readonly [FieldName, signature: string])[] = [
  ["path", "o"],
  ["interface", "s"],
  ["member", "s"],
  ["errorName", "s"],
  ["replySerial", "u"],
  ["destination", "s"],
  ["sender", "s"],
  ["signature", "g"],
];

const headerSignature = "yyyyuua(yv)";

/** The specification's limit. */
const longestMessage = 128 * 1024 * 1024;

/** The bytes of a message. Throws for a value that is not of its type. */
export function encodeMessage(message: DbusMessage): Buffer {
  const body = new DbusWriter();
  body.all(message.signature ?? "", message.body);
  const given = fields.flatMap(([name, signature], index): DbusValue[] => {
    const value = message[name];
    return value === undefined || value === "" ? [] : [[index + 1, { signature, value }]];
  });
  const header = new DbusWriter();
  const kind = types.indexOf(message.type) + 1;
  header.all(headerSignature, ["l".charCodeAt(0), kind, 0, 1, body.bytes.length, message.serial, given]);
  header.pad(8);
  return Buffer.concat([header.bytes, body.bytes]);
}

/** The message at the start of `bytes` and its length; undefined while it is not there as a whole. Throws for what is no message. */
export function decodeMessage(bytes: Buffer): { message: DbusMessage; length: number } | undefined {
  if (bytes.length < 16) return undefined;
  if (bytes[0] !== "l".charCodeAt(0) || bytes[3] !== 1)
    throw new Error("not a D-Bus message in little endian");
  const fieldsEnd = 16 + bytes.readUInt32LE(12);
  const bodyStart = aligned(fieldsEnd, 8);
  const length = bodyStart + bytes.readUInt32LE(4);
  if (length > longestMessage) throw new Error(`a D-Bus message of ${length} bytes`);
  if (bytes.length < length) return undefined;
  const [, kind, , , , serial, given] = new DbusReader(bytes.subarray(0, fieldsEnd)).all(headerSignature);
  const type = types[(kind as number) - 1];
  if (!type) throw new Error(`a D-Bus message of type ${kind}`);
  const message: DbusMessage = { type, serial: serial as number, body: [] };
  for (const [number, variant] of given as [number, DbusVariant][]) {
    const field = fields[number - 1];
    if (field) Object.assign(message, { [field[0]]: variant.value });
  }
  message.body = new DbusReader(bytes.subarray(bodyStart, length)).all(message.signature ?? "");
  return { message, length };
}
