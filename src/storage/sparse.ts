/** Sparse files in tar archives: which parts of a file are there ("Storing Sparse Files" in the manual of GNU tar). */
import { BLOCK, readNumber, TarError } from "./tar-header.ts";

/** A part of a file that its archive holds, in bytes; between fragments are holes. */
export interface Fragment {
  offset: number;
  length: number;
}

/** The map of a sparse file, which may go on in blocks between the header and the content. */
export interface SparseMap {
  /** Whether another block belongs to it. */
  readonly more: boolean;
  /** Bytes of the entry's content that are the map's, a block that is still to be read included. */
  readonly contentBytes: number;
  readonly fragments: Fragment[];
  /** The size of the file with its holes. */
  readonly size: number;
  /** Reads the next block. Throws TarError. */
  take(bytes: Buffer, offset: number): void;
}

/** Maps beyond this are refused: they are held in memory. */
const maximumFragments = 65_536;
const fragmentBytes = 24;

/** GNU's own type `S`: the map begins in the header, and goes on in blocks that the entry's size does not count. */
export class HeaderMap implements SparseMap {
  readonly contentBytes = 0;
  readonly fragments: Fragment[] = [];
  readonly size: number;
  more: boolean;

  constructor(header: Buffer, offset: number) {
    this.size = readNumber(header, offset + 483, 12);
    this.more = this.#read(header, offset + 386, 4);
  }

  take(bytes: Buffer, offset: number): void {
    this.more = this.#read(bytes, offset, 21);
  }

  /** Fragments until an empty field, and then a byte that says whether a block follows. */
  #read(bytes: Buffer, start: number, count: number): boolean {
    for (let at = start; at < start + count * fragmentBytes && bytes[at] !== 0; at += fragmentBytes) {
      add(this.fragments, readNumber(bytes, at, 12), readNumber(bytes, at + 12, 12));
    }
    return bytes[start + count * fragmentBytes] !== 0;
  }
}

/** PAX 0.0 and 0.1: the whole map is in the extended header. */
class RecordMap implements SparseMap {
  readonly more = false;
  readonly contentBytes = 0;
  readonly fragments: Fragment[] = [];
  readonly size: number;

  constructor(size: number, map: string) {
    this.size = size;
    const numbers = map === "" ? [] : map.split(",").map(wholeNumber);
    if (numbers.length % 2 !== 0) throw new TarError("a sparse file's map has an offset without a length");
    for (let i = 0; i < numbers.length; i += 2) add(this.fragments, numbers[i]!, numbers[i + 1]!);
  }

  take(): void {}
}

/** PAX 1.0: lines of digits at the beginning of the content, in whole blocks: how many fragments, then each one. */
class ContentMap implements SparseMap {
  contentBytes = BLOCK;
  readonly fragments: Fragment[] = [];
  readonly size: number;
  more = true;
  #line = "";
  #left: number | undefined;
  #offset: number | undefined;

  constructor(size: number) {
    this.size = size;
  }

  take(bytes: Buffer, offset: number): void {
    const lines = (this.#line + bytes.toString("latin1", offset, offset + BLOCK)).split("\n");
    this.#line = lines.pop()!;
    for (const line of lines) if (this.more) this.#number(wholeNumber(line));
    if (!this.more) return;
    if (this.#line.length > 20) throw new TarError("a sparse file's map has no numbers");
    this.contentBytes += BLOCK;
  }

  #number(value: number): void {
    if (this.#left === undefined) this.#left = value;
    else if (this.#offset === undefined) this.#offset = value;
    else {
      add(this.fragments, this.#offset, value);
      this.#offset = undefined;
      this.#left--;
    }
    this.more = this.#left > 0;
  }
}

/** The map that the records of a PAX header announce; undefined where the file is whole. Throws TarError. */
export function sparseMapOf(records: Map<string, Buffer>): SparseMap | undefined {
  const text = (key: string) => records.get(`GNU.sparse.${key}`)?.toString("latin1");
  const [major, minor] = [text("major") ?? "0", text("minor") ?? "0"];
  const size = text("realsize") ?? text("size");
  if (major === "1" && minor === "0") return new ContentMap(wholeNumber(size ?? ""));
  if (major !== "0")
    throw new TarError(`a sparse file is of version ${major}.${minor}, which is not supported`);
  return size === undefined ? undefined : new RecordMap(wholeNumber(size), text("map") ?? "");
}

/** Fails unless the fragments are in order, inside the file, and together the `stored` bytes. Throws TarError. */
export function checkMap(path: string, { fragments, size }: SparseMap, stored: number): void {
  let [end, sum] = [0, 0];
  for (const { offset, length } of fragments) {
    if (offset < end) throw new TarError(`the map of the sparse file ${path} is not in order`);
    end = offset + length;
    sum += length;
  }
  if (end > size) throw new TarError(`the map of the sparse file ${path} goes beyond its ${size} bytes`);
  if (sum !== stored) {
    throw new TarError(`the map of the sparse file ${path} is of ${sum} bytes, its content has ${stored}`);
  }
}

function add(fragments: Fragment[], offset: number, length: number): void {
  if (offset < 0 || length < 0) throw new TarError("a sparse file's map has a number below 0");
  if (fragments.length === maximumFragments) {
    throw new TarError(`a sparse file's map has over ${maximumFragments} fragments`);
  }
  fragments.push({ offset, length });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new TarError(`a sparse file's map has ${JSON.stringify(text.slice(0, 40))} for a number`);
}
