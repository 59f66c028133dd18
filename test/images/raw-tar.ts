/** An entry of an archive, written as it is told: names, types and sizes may be as wrong as a test wants them. */
export interface RawEntry {
  name: string | Buffer;
  /** The type flag. Default: "0", a file. */
  type?: string;
  content?: Buffer | string;
  linkName?: string;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  device?: [major: number, minor: number];
  /** POSIX's prefix field. */
  prefix?: string;
  /** What the size field says. Default: the content's length. */
  size?: number;
  /** "ustar\x0000" (POSIX) unless told: "ustar  \0" is GNU's. */
  magic?: string;
  /** Records of a PAX header that comes before the entry. */
  pax?: Record<string, string | Buffer>;
}

const BLOCK = 512;

/** Writes the entries in their order, and two blocks of zeros. */
export function rawTar(entries: RawEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)]);
}

function blocksOf(entry: RawEntry): Buffer[] {
  if (entry.pax) {
    const records = Object.entries(entry.pax).map(([key, value]) => paxRecord(key, value));
    const { pax: _, ...rest } = entry;
    return [...blocksOf({ name: "pax", type: "x", content: Buffer.concat(records) }), ...blocksOf(rest)];
  }
  const content = Buffer.from(entry.content ?? "");
  return [rawHeader(entry, content.length), content, Buffer.alloc(-content.length & (BLOCK - 1))];
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
export function paxRecord(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from("\n")]);
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** One header block with a right checksum. */
export function rawHeader(entry: RawEntry, contentLength = 0): Buffer {
  const block = Buffer.alloc(BLOCK);
  Buffer.from(entry.name).copy(block, 0, 0, 100);
  number(block, 100, 8, entry.mode ?? (entry.type === "5" ? 0o755 : 0o644));
  number(block, 108, 8, entry.uid ?? 0);
  number(block, 116, 8, entry.gid ?? 0);
  number(block, 124, 12, entry.size ?? contentLength);
  number(block, 136, 12, entry.mtime ?? 0);
  block.fill(" ", 148, 156);
  block.write(entry.type ?? "0", 156, "latin1");
  block.write(entry.linkName ?? "", 157, 100);
  block.write(entry.magic ?? "ustar\x0000", 257, "latin1");
  const [major, minor] = entry.device ?? [0, 0];
  number(block, 329, 8, major);
  number(block, 337, 8, minor);
  block.write(entry.prefix ?? "", 345, 155);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

/** Octal, or GNU's binary form where the number is negative or has too many digits. */
function number(block: Buffer, offset: number, length: number, value: number): void {
  const digits = value.toString(8).padStart(length - 1, "0");
  if (value >= 0 && digits.length < length) {
    block.write(`${digits}\0`, offset, "latin1");
    return;
  }
  let rest = BigInt.asUintN(length * 8, BigInt(value));
  for (let i = offset + length - 1; i >= offset; i--, rest >>= 8n) block[i] = Number(rest & 0xffn);
  block[offset]! |= 0x80;
}
