/** SPDY/3.1's header blocks: names and values, compressed as one zlib stream a direction. */
import { createInflate, type Inflate } from "node:zlib";
import { headerDictionary } from "./dictionary.ts";

/** Of a block when it is inflated, in bytes: what Node.js allows the headers of an HTTP request. */
const MAX_BLOCK_BYTES = 16 * 1024;

/** Inflates a client's header blocks, which continue one another: each must be decoded, in order, one at a time. */
export class HeaderDecoder {
  readonly #inflate: Inflate;
  #fail: (error: Error) => void = () => {};

  constructor() {
    this.#inflate = createInflate({ dictionary: headerDictionary, chunkSize: 4096 });
    this.#inflate.on("error", (cause: Error) =>
      this.#fail(new Error("a SPDY header block that zlib cannot read", { cause })),
    );
    this.#inflate.on("close", () => this.#fail(new Error("a SPDY header block after the last one")));
    // A small block can grow large; inflating stops when nobody reads what is there.
    this.#inflate.on("readable", () => {
      if (this.#inflate.readableLength > MAX_BLOCK_BYTES) this.#fail(tooLarge());
    });
  }

  /** Names in lower case. Rejects when the block is malformed, too large, or not what its zlib stream goes on with. */
  async decode(block: Buffer): Promise<ReadonlyMap<string, string>> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.#fail = reject;
    this.#inflate.write(block, (error) => {
      if (error) this.#fail(error);
      else resolve(this.#inflate.read() ?? Buffer.alloc(0));
    });
    return parseHeaders(await promise);
  }

  /** A block being decoded is rejected. */
  close(): void {
    this.#inflate.destroy();
  }
}

function tooLarge(): Error {
  return new Error(`a SPDY header block of more than ${MAX_BLOCK_BYTES} bytes`);
}

/** A 32-bit count, then name and value in turn, each with its 32-bit length before it. */
function parseHeaders(block: Buffer): ReadonlyMap<string, string> {
  if (block.length > MAX_BLOCK_BYTES) throw tooLarge();
  const headers = new Map<string, string>();
  let at = 0;
  const word = () => {
    if (at + 4 > block.length) throw new Error(`a SPDY header block cut off after ${block.length} bytes`);
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = () => {
    const length = word();
    if (at + length > block.length)
      throw new Error(`a SPDY header of ${length} bytes in a block of ${block.length}`);
    at += length;
    return block.toString("utf8", at - length, at);
  };
  for (let count = word(); count > 0; count--) {
    const name = text().toLowerCase();
    if (name === "" || headers.has(name)) throw new Error(`a SPDY header block with "${name}" out of place`);
    headers.set(name, text());
  }
  if (at !== block.length)
    throw new Error(`a SPDY header block with ${block.length - at} bytes after its headers`);
  return headers;
}

/**
 * Encodes blocks without compressing: deflate's stored blocks in one continuing zlib stream, so that a connection needs no
 * compressor's state (256 KiB).
 */
export class HeaderEncoder {
  #begun = false;

  /** At most 65,535 bytes of headers. */
  encode(headers: ReadonlyMap<string, string>): Buffer {
    const parts = [uint32(headers.size)];
    for (const text of [...headers].flat()) parts.push(uint32(Buffer.byteLength(text)), Buffer.from(text));
    const start = this.#begun ? [] : [ZLIB_HEADER];
    this.#begun = true;
    // The empty block is what zlib's SYNC_FLUSH writes: readers hand on what came before it.
    return Buffer.concat([...start, storedBlock(Buffer.concat(parts)), storedBlock(Buffer.alloc(0))]);
  }
}

/** Deflate with a window of 32 KiB, no dictionary, fastest level. */
const ZLIB_HEADER = Buffer.from([0x78, 0x01]);

/** RFC 1951, section 3.2.4: not final, length, its complement, the bytes. */
function storedBlock(bytes: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt16LE(bytes.length, 1);
  header.writeUInt16LE(bytes.length ^ 0xffff, 3);
  return Buffer.concat([header, bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
