/** Streamed lists: entries, encoded as field 1 of a list's answer, put together to messages that no client refuses. */
import { Slices } from "../slices.ts";

/** gRPC's own limit of what a client takes is 4 MiB. */
const partBytes = 256 * 1024;
/** What others may have to wait for while entries are encoded. */
const sliceMs = 1;

/** Messages of about 256 KiB; one entry that is larger is a message of its own. Entries are asked for as their message is. */
export async function* inParts(entries: Iterable<Buffer>): AsyncGenerator<Buffer, void> {
  let part: Buffer[] = [];
  let bytes = 0;
  const slices = new Slices(sliceMs);
  for (const entry of entries) {
    if (bytes > 0 && bytes + entry.length > partBytes) {
      yield Buffer.concat(part, bytes);
      part = [];
      bytes = 0;
    }
    part.push(entry);
    bytes += entry.length;
    if (slices.isOver) await slices.next();
  }
  if (bytes > 0) yield Buffer.concat(part, bytes);
}

/** The same of a list's whole answer, which has nothing but its field 1. */
export function* partsOf(list: Buffer): Generator<Buffer, void> {
  let start = 0;
  let end = 0;
  while (end < list.length) {
    const next = entryEnd(list, end);
    if (next - start > partBytes && end > start) {
      yield list.subarray(start, end);
      start = end;
    }
    end = next;
  }
  if (end > start) yield list.subarray(start, end);
}

/** Where the entry that begins at `start` ends: a byte of field number and type, the length as a varint, and the entry itself. */
function entryEnd(list: Buffer, start: number): number {
  let length = 0;
  let at = start + 1;
  for (let shift = 0; ; shift += 7) {
    const byte = list[at++] as number;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return at + length;
  }
}
