/** Values as D-Bus writes them (D-Bus specification, "Marshaling (Wire Format)"), in little endian. */

export type DbusValue = number | bigint | boolean | string | DbusValue[] | DbusVariant;

/** A value that brings its type along. */
export interface DbusVariant {
  /** One complete type, such as `au`. */
  signature: string;
  value: DbusValue;
}

const alignments: Record<string, number> = {
  n: 2,
  q: 2,
  b: 4,
  i: 4,
  u: 4,
  s: 4,
  o: 4,
  a: 4,
  x: 8,
  t: 8,
  d: 8,
  "(": 8,
  "{": 8,
};

function alignmentOf(signature: string): number {
  return alignments[signature[0] as string] ?? 1;
}

/** The first offset from `offset` on that is a multiple of `alignment`. */
export function aligned(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** The complete types that a signature is made of: `sa(sv)` is `s` and `a(sv)`. */
function completeTypes(signature: string): string[] {
  const found: string[] = [];
  for (let start = 0; start < signature.length; ) {
    const end = endOfType(signature, start);
    found.push(signature.slice(start, end));
    start = end;
  }
  return found;
}

function endOfType(signature: string, start: number): number {
  const first = signature[start];
  if (first === "a") return endOfType(signature, start + 1);
  if (first === undefined) throw new Error(`D-Bus signature ${signature} ends too soon`);
  if (first !== "(" && first !== "{") return start + 1;
  const close = first === "(" ? ")" : "}";
  let end = start + 1;
  while (signature[end] !== close) end = endOfType(signature, end);
  return end + 1;
}

/** Writes values one after the other. */
export class DbusWriter {
  #buffer = Buffer.alloc(512);
  #length = 0;

  /** What has been written. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Goes on at the next multiple of `alignment`. */
  pad(alignment: number): void {
    this.#room(aligned(this.#length, alignment) - this.#length);
  }

  /** Writes a value for each complete type of the signature. */
  all(signature: string, values: readonly DbusValue[]): void {
    for (const [index, type] of completeTypes(signature).entries())
      this.#one(type, values[index] as DbusValue);
  }

  #one(type: string, value: DbusValue): void {
    this.pad(alignmentOf(type));
    switch (type[0]) {
      case "y":
        this.#put(1, (buffer, at) => buffer.writeUInt8(value as number, at));
        break;
      case "b":
        this.#put(4, (buffer, at) => buffer.writeUInt32LE(value ? 1 : 0, at));
        break;
      case "i":
        this.#put(4, (buffer, at) => buffer.writeInt32LE(value as number, at));
        break;
      case "u":
        this.#put(4, (buffer, at) => buffer.writeUInt32LE(value as number, at));
        break;
      case "t":
        this.#put(8, (buffer, at) => buffer.writeBigUInt64LE(BigInt(value as number), at));
        break;
      case "s":
      case "o":
        this.#text(value as string, 4);
        break;
      case "g":
        this.#text(value as string, 1);
        break;
      case "v": {
        const variant = value as DbusVariant;
        this.#text(variant.signature, 1);
        this.#one(variant.signature, variant.value);
        break;
      }
      case "a":
        this.#array(type.slice(1), value as DbusValue[]);
        break;
      case "(":
      case "{":
        this.all(type.slice(1, -1), value as DbusValue[]);
        break;
      default:
        throw new Error(`D-Bus type ${type} is not known`);
    }
  }

  #text(text: string, lengthBytes: 1 | 4): void {
    const bytes = Buffer.from(text);
    this.#put(lengthBytes, (buffer, at) => buffer.writeUIntLE(bytes.length, at, lengthBytes));
    this.#put(bytes.length + 1, (buffer, at) => bytes.copy(buffer, at));
  }

  #array(element: string, values: DbusValue[]): void {
    const lengthAt = this.#room(4);
    this.pad(alignmentOf(element));
    const start = this.#length;
    for (const value of values) this.#one(element, value);
    this.#buffer.writeUInt32LE(this.#length - start, lengthAt);
  }

  /** The buffer may be another after room was made. */
  #put(bytes: number, write: (buffer: Buffer, at: number) => void): void {
    const at = this.#room(bytes);
    write(this.#buffer, at);
  }

  /** Makes room for so many bytes, all 0, and gives their place. */
  #room(bytes: number): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.alloc(this.#length * 2);
      this.#buffer.copy(larger);
      this.#buffer = larger;
    }
    return at;
  }
}

/** Reads values one after the other; throws where the bytes end before they do. */
export class DbusReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Reads a value for each complete type of the signature. */
  all(signature: string): DbusValue[] {
    return completeTypes(signature).map((type) => this.#one(type));
  }

  #one(type: string): DbusValue {
    this.#at = aligned(this.#at, alignmentOf(type));
    switch (type[0]) {
      case "y":
        return this.#bytes.readUInt8(this.#take(1));
      case "b":
        return this.#bytes.readUInt32LE(this.#take(4)) !== 0;
      case "n":
        return this.#bytes.readInt16LE(this.#take(2));
      case "q":
        return this.#bytes.readUInt16LE(this.#take(2));
      case "i":
        return this.#bytes.readInt32LE(this.#take(4));
      case "u":
        return this.#bytes.readUInt32LE(this.#take(4));
      case "x":
        return this.#bytes.readBigInt64LE(this.#take(8));
      case "t":
        return this.#bytes.readBigUInt64LE(this.#take(8));
      case "d":
        return this.#bytes.readDoubleLE(this.#take(8));
      case "s":
      case "o":
        return this.#text(this.#bytes.readUInt32LE(this.#take(4)));
      case "g":
        return this.#text(this.#bytes.readUInt8(this.#take(1)));
      case "v": {
        const signature = this.#text(this.#bytes.readUInt8(this.#take(1)));
        return { signature, value: this.#one(signature) };
      }
      case "a":
        return this.#array(type.slice(1));
      case "(":
      case "{":
        return this.all(type.slice(1, -1));
      default:
        throw new Error(`D-Bus type ${type} is not known`);
    }
  }

  #array(element: string): DbusValue[] {
    const length = this.#bytes.readUInt32LE(this.#take(4));
    this.#at = aligned(this.#at, alignmentOf(element));
    const end = this.#at + length;
    const values: DbusValue[] = [];
    while (this.#at < end) values.push(this.#one(element));
    return values;
  }

  /** A byte 0 follows that is not counted. */
  #text(length: number): string {
    const start = this.#take(length + 1);
    return this.#bytes.toString("utf8", start, start + length);
  }

  #take(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    return at;
  }
}
