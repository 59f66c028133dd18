/** Reads a tar archive from chunks of any size: ustar, PAX, GNU long names. Pure: it touches no file. */
import { applyPax, type PaxFields, parsePax } from "./pax.ts";
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
}

/** Is told what the archive holds, in its order. What it throws ends the reading. */
export interface TarHandler {
  entry(entry: TarEntry): void;
  /** Part of the content of the file that was entered last; a view that is valid during the call only. */
  data(chunk: Buffer): void;
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
    if (this.#partialBytes > 0 || this.#contentLeft > 0 || this.#extended || this.#pax) {
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
      this.#handler.data(part);
      if (this.#contentLeft === 0) this.#handler.endFile();
    }
    return length;
  }

  #skip(available: number): number {
    const length = Math.min(this.#skipLeft, available);
    this.#skipLeft -= length;
    return length;
  }

  /** Reads the header block at `at`, or keeps what there is of it. */
  #block(chunk: Buffer, at: number): number {
    if (this.#partialBytes === 0 && chunk.length - at >= BLOCK) {
      this.#header(parseHeader(chunk, at));
      return BLOCK;
    }
    const length = chunk.copy(this.#partial, this.#partialBytes, at, at + BLOCK - this.#partialBytes);
    this.#partialBytes += length;
    if (this.#partialBytes === BLOCK) {
      this.#partialBytes = 0;
      this.#header(parseHeader(this.#partial));
    }
    return length;
  }

  #header(header: TarHeader | undefined): void {
    if (!header) {
      this.#ended = true;
      return;
    }
    if ("xgLK".includes(header.flag)) this.#beginExtended(header);
    else this.#beginEntry(header);
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

  #beginEntry(header: TarHeader): void {
    const { flag, ...fields } = header;
    if (this.#longPath !== undefined) fields.path = this.#longPath;
    if (this.#longLinkPath !== undefined) fields.linkPath = this.#longLinkPath;
    const named = { ...fields, flag };
    const pax = this.#pax ? applyPax(named, this.#pax) : { mtimeNanoseconds: 0, xattrs: new Map() };
    this.#pax = this.#longPath = this.#longLinkPath = undefined;
    const entry = typed(named, pax);
    this.#handler.entry(entry);
    if (entry.type !== "file") return;
    this.#contentLeft = entry.size;
    this.#skipLeft = padding(entry.size);
    if (entry.size === 0) this.#handler.endFile();
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
