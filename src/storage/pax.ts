/** PAX extended headers (POSIX.1-2001, pax "Extended Header"): records that override a header's fields. */
import { TarError, type TarHeader } from "./tar-header.ts";

/** What PAX adds to a header. */
export interface PaxFields {
  /** Fraction of the modification time. */
  mtimeNanoseconds: number;
  /** Extended attributes by name. */
  xattrs: Map<string, Buffer>;
}

const schilyXattr = "SCHILY.xattr.";
const libarchiveXattr = "LIBARCHIVE.xattr.";

/** Reads the records `LENGTH KEY=VALUE\n`. Throws TarError. */
export function parsePax(bytes: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  let at = 0;
  while (at < bytes.length) {
    const blank = bytes.indexOf(0x20, at);
    const length = /^[1-9][0-9]{0,9}$/.exec(bytes.toString("latin1", at, Math.max(blank, at)));
    const end = at + Number(length?.[0] ?? 0);
    const equals = bytes.indexOf(0x3d, blank + 1);
    if (!length || end > bytes.length || bytes[end - 1] !== 0x0a || equals < 0 || equals >= end) {
      throw new TarError("a PAX header has a malformed record");
    }
    add(records, bytes.toString("latin1", blank + 1, equals), bytes.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** The last record of a key counts; but the first form of sparse files repeats two of them, of which later forms make one. */
function add(records: Map<string, Buffer>, key: string, value: Buffer): void {
  if (key !== "GNU.sparse.offset" && key !== "GNU.sparse.numbytes") {
    records.set(key, value);
    return;
  }
  const map = records.get("GNU.sparse.map");
  records.set("GNU.sparse.map", map ? Buffer.concat([map, Buffer.from(","), value]) : value);
}

/** Overrides fields of `header` by `records`, and returns what has no field there. Throws TarError. */
export function applyPax(header: TarHeader, records: Map<string, Buffer>): PaxFields {
  const fields: PaxFields = { mtimeNanoseconds: 0, xattrs: new Map() };
  for (const [key, value] of records) {
    if (key.startsWith(schilyXattr)) fields.xattrs.set(key.slice(schilyXattr.length), Buffer.from(value));
    else if (key.startsWith(libarchiveXattr)) setLibarchiveXattr(fields.xattrs, key, value);
    else if (key === "mtime") fields.mtimeNanoseconds = setTime(header, value);
    else setField(header, key, value);
  }
  // The path of a sparse file is made up, for programs that know of none.
  const sparseName = records.get("GNU.sparse.name");
  if (sparseName) setField(header, "path", sparseName);
  return fields;
}

/** libarchive escapes the name like a URL and writes the value in base64; Schily's form of the same wins. */
function setLibarchiveXattr(xattrs: Map<string, Buffer>, key: string, value: Buffer): void {
  const name = decodeURIComponent(key.slice(libarchiveXattr.length));
  if (!xattrs.has(name)) xattrs.set(name, Buffer.from(value.toString("latin1"), "base64"));
}

function setField(header: TarHeader, key: string, value: Buffer): void {
  if (value.length === 0) return;
  if (key === "path") header.path = value.toString("latin1");
  else if (key === "linkpath") header.linkPath = value.toString("latin1");
  else if (key === "size" || key === "uid" || key === "gid") header[key] = integer(key, value);
}

function integer(key: string, value: Buffer): number {
  const digits = value.toString("latin1");
  const result = Number(digits);
  if (!/^[0-9]+$/.test(digits) || !Number.isSafeInteger(result)) {
    throw new TarError(`a PAX header has ${key}=${digits}`);
  }
  return result;
}

/** Sets the whole seconds, rounded down, and returns the rest in nanoseconds. */
function setTime(header: TarHeader, value: Buffer): number {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value.toString("latin1"));
  if (!match) throw new TarError(`a PAX header has mtime=${value.toString("latin1")}`);
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  const before1970 = match[1] === "-";
  const borrow = before1970 && nanoseconds > 0;
  header.mtime = before1970 ? -seconds - (borrow ? 1 : 0) : seconds;
  return borrow ? 1_000_000_000 - nanoseconds : nanoseconds;
}
