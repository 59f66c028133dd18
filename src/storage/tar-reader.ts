/** Reads a tar archive from chunks of any size: ustar, PAX, GNU long names and sparse files. Pure: it touches no file. */
import { applyPax, type PaxFields, parsePax } from "./pax.ts";
import { checkMap, type Fragment, HeaderMap, type SparseMap, sparseMapOf } from "./sparse.ts";
import { BLOCK, parseHeader, TarError, type TarHeader } from "./tar-header.ts";

export type TarEntryType =
  | "file"
  | "hardlink"
  | "symlink"
  | "character-device"
  | "block-device"
  | "directory"
  | "fifo";

/** One entry, with what its extended headers say. Strings hold one byte a character. */
export interface TarEntry extends Omit<TarHeader, "flag">, PaxFields {
  type: TarEntryType;
  /** Of a sparse file: what is there of its `size` bytes. */
  fragments?: Fragment[];
}

/** Is told what the archive holds, in its order. What it throws ends the reading. */
export interface TarHandler {
  entry(entry: TarEntry): void;
  /** Content of the file that was entered last, from `position` on; a view that is valid during the call only. */
  data(chunk: Buffer, position: number): void;
  /** The content of that file is complete. Called for every file, an empty one too. */
  endFile(): void;
}

const types: Record<string, TarEntryType> = {
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character-device",
  "4": "block-device",
  "5": "directory",
  "6": "fifo",
  "7": "file",
  S: "file",
};

/** PAX headers and long names beyond this are refused: they are held in memory. */
const maximumExtendedBytes = 1024 * 1024;
/** PATH_MAX, without its NUL. */
const maximumPathBytes = 4095;

const padding = (size: number) => -size & (BLOCK - 1);

export class TarReader {
  readonly #handler: TarHandler;
  /** A header that came in parts. */
  readonly #partial = Buffer.alloc(BLOCK);
  #partialBytes = 0;
  /** Bytes of content, of an extended header or of padding still to come. */
  #contentLeft = 0;
  #skipLeft = 0;
  /** What is still to come of the file, the first fragment cut where it was read. */
  #fragments: Fragment[] = [];
  /** A sparse file whose map goes on. */
  #unmapped: { entry: TarEntry; map: SparseMap } | undefined;
  #extended: { flag: string; bytes: Buffer; filled: number } | undefined;
  #pax: Map<string, Buffer> | undefined;
  #longPath: string | undefined;
  #longLinkPath: string | undefined;
  #ended = false;

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  /** Reads the next chunk. What follows the archive's end is passed over. Throws TarError, or what the handler throws. */
  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#ended) {
      if (this.#contentLeft > 0) at += this.#content(chunk, at);
      else if (this.#skipLeft > 0) at += this.#skip(chunk.length - at);
      else at += this.#block(chunk, at);
    }
  }

  /** No more comes. Throws TarError when the archive breaks off inside an entry. */
  end(): void {
    if (this.#ended) return;
    if (this.#partialBytes > 0 || this.#contentLeft > 0 || this.#extended || this.#pax || this.#unmapped) {
      throw new TarError("the archive breaks off in the middle");
    }
  }

  #content(chunk: Buffer, at: number): number {
    const length = Math.min(this.#contentLeft, chunk.length - at);
    const part = chunk.subarray(at, at + length);
    this.#contentLeft -= length;
    if (this.#extended) {
      this.#extended.filled += part.copy(this.#extended.bytes, this.#extended.filled);
      if (this.#contentLeft === 0) this.#endExtended();
    } else {
      this.#deliver(part);
      if (this.#contentLeft === 0) this.#handler.endFile();
    }
    return length;
  }

  #deliver(part: Buffer): void {
    for (let at = 0; at < part.length; ) {
      const fragment = this.#fragments[0]!;
      const length = Math.min(fragment.length, part.length - at);
      if (length > 0) this.#handler.data(part.subarray(at, at + length), fragment.offset);
      if (length === fragment.length) this.#fragments.shift();
      else this.#fragments[0] = { offset: fragment.offset + length, length: fragment.length - length };
      at += length;
    }
  }

  #skip(available: number): number {
    const length = Math.min(this.#skipLeft, available);
    this.#skipLeft -= length;
    return length;
  }

  /** Reads the block at `at`, or keeps what there is of it. */
  #block(chunk: Buffer, at: number): number {
    if (this.#partialBytes === 0 && chunk.length - at >= BLOCK) {
      this.#wholeBlock(chunk, at);
      return BLOCK;
    }
    const length = chunk.copy(this.#partial, this.#partialBytes, at, at + BLOCK - this.#partialBytes);
    this.#partialBytes += length;
    if (this.#partialBytes === BLOCK) {
      this.#partialBytes = 0;
      this.#wholeBlock(this.#partial, 0);
    }
    return length;
  }

  #wholeBlock(bytes: Buffer, at: number): void {
    if (this.#unmapped) {
      const { entry, map } = this.#unmapped;
      map.take(bytes, at);
      this.#beginFile(entry, map);
      return;
    }
    const header = parseHeader(bytes, at);
    if (!header) this.#ended = true;
    else if ("xgLK".includes(header.flag)) this.#beginExtended(header);
    else this.#beginEntry(header, header.flag === "S" ? new HeaderMap(bytes, at) : undefined);
  }

  #beginExtended({ flag, size }: TarHeader): void {
    if (size < 0 || size > maximumExtendedBytes) {
      throw new TarError(`an extended header has ${size} bytes, over ${maximumExtendedBytes}`);
    }
    this.#extended = { flag, bytes: Buffer.alloc(size), filled: 0 };
    this.#contentLeft = size;
    this.#skipLeft = padding(size);
    if (size === 0) this.#endExtended();
  }

  #endExtended(): void {
    const { flag, bytes } = this.#extended!;
    this.#extended = undefined;
    if (flag === "x") this.#pax = parsePax(bytes);
    else if (flag === "L") this.#longPath = untilNul(bytes);
    else if (flag === "K") this.#longLinkPath = untilNul(bytes);
    // A global header ("g") has a comment from the tool that wrote the archive: no builder puts fields there.
  }

  #beginEntry(header: TarHeader, headerMap: SparseMap | undefined): void {
    const { flag, ...fields } = header;
    if (this.#longPath !== undefined) fields.path = this.#longPath;
    if (this.#longLinkPath !== undefined) fields.linkPath = this.#longLinkPath;
    const named = { ...fields, flag };
    const records = this.#pax;
    const pax = records ? applyPax(named, records) : { mtimeNanoseconds: 0, xattrs: new Map() };
    this.#pax = this.#longPath = this.#longLinkPath = undefined;
    const entry = typed(named, pax);
    if (entry.type === "file") this.#beginFile(entry, headerMap ?? (records && sparseMapOf(records)));
    else this.#handler.entry(entry);
  }

  /** Enters a file, once the whole of its map was read where it is sparse. */
  #beginFile(entry: TarEntry, map: SparseMap | undefined): void {
    this.#unmapped = map?.more ? { entry, map } : undefined;
    if (map && map.contentBytes > entry.size)
      throw new TarError(`the map of the sparse file ${entry.path} is longer than its content`);
    if (map?.more) return;
    const stored = entry.size - (map?.contentBytes ?? 0);
    this.#fragments = map ? [...map.fragments] : [{ offset: 0, length: stored }];
    if (map) checkMap(entry.path, map, stored);
    this.#handler.entry(map ? { ...entry, size: map.size, fragments: map.fragments } : entry);
    this.#contentLeft = stored;
    this.#skipLeft = padding(stored);
    if (stored === 0) this.#handler.endFile();
  }
}

function typed({ flag, ...fields }: TarHeader, pax: PaxFields): TarEntry {
  // V7 archives have no type for directories: there it is the slash at the end.
  const type = flag === "0" && fields.path.endsWith("/") ? "directory" : types[flag];
  if (!type)
    throw new TarError(`${fields.path} is of the type ${JSON.stringify(flag)}, which is not supported`);
  if (fields.size < 0) throw new TarError(`${fields.path} has a size of ${fields.size}`);
  checkPath(fields.path);
  checkPath(fields.linkPath);
  return { ...fields, ...pax, type };
}

function checkPath(path: string): void {
  if (path.includes("\0")) throw new TarError(`the name ${JSON.stringify(path)} has a NUL in it`);
  if (path.length > maximumPathBytes)
    throw new TarError(`a name has ${path.length} bytes, over ${maximumPathBytes}`);
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("latin1", 0, end < 0 ? bytes.length : end);
}
