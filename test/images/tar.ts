/** An entry of a layer. Paths are relative to the root, without a leading slash. */
export type Entry = { path: string; uid?: number; gid?: number } & (
  | { type: "file"; content: Buffer; mode?: number }
  | { type: "directory"; mode?: number }
  | { type: "symlink"; target: string }
  | { type: "hardlink"; target: string }
);

const BLOCK = 512;
const TYPE_FLAGS = { file: "0", hardlink: "1", symlink: "2", directory: "5" } as const;
/** One instant for all files, in seconds, so that the same contents always give the same digest. */
export const MODIFIED = Date.UTC(2026, 0, 1) / 1000;

/**
 * Writes a ustar archive of a layer: directories first, no path twice, parents added where they are missing,
 * owner root and one fixed time. Throws for a path that is given twice or is over 100 bytes long.
 */
export function tarLayer(entries: readonly Entry[]): Buffer {
  const byPath = new Map<string, Entry>();
  for (const entry of entries) {
    if (byPath.has(entry.path)) throw new Error(`layer has the path ${entry.path} twice`);
    byPath.set(entry.path, entry);
  }
  for (const entry of entries) {
    for (const parent of parents(entry.path)) {
      if (!byPath.has(parent)) byPath.set(parent, { path: parent, type: "directory" });
    }
  }
  const blocks: Buffer[] = [];
  for (const entry of [...byPath.values()].sort(byOrder)) {
    blocks.push(header(entry));
    if (entry.type !== "file") continue;
    blocks.push(entry.content, Buffer.alloc(-entry.content.length & (BLOCK - 1)));
  }
  blocks.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(blocks);
}

function* parents(path: string): Generator<string> {
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) yield path.slice(0, at);
}

/** By name, which puts folders before what is in them; hard links last, after the files they name. */
function byOrder(a: Entry, b: Entry): number {
  const links = Number(a.type === "hardlink") - Number(b.type === "hardlink");
  return links || Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
}

function header(entry: Entry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const name = entry.type === "directory" ? `${entry.path}/` : entry.path;
  if (Buffer.byteLength(name) > 100) throw new Error(`path is too long for a plain header: ${name}`);
  block.write(name, 0);
  octal(block, 100, 8, mode(entry));
  octal(block, 108, 8, entry.uid ?? 0);
  octal(block, 116, 8, entry.gid ?? 0);
  octal(block, 124, 12, entry.type === "file" ? entry.content.length : 0);
  octal(block, 136, 12, MODIFIED);
  block.fill(" ", 148, 156);
  block.write(TYPE_FLAGS[entry.type], 156);
  if ("target" in entry) block.write(entry.target, 157);
  block.write("ustar\x0000", 257, "latin1");
  octal(
    block,
    148,
    7,
    block.reduce((sum, byte) => sum + byte, 0),
  );
  return block;
}

function mode(entry: Entry): number {
  if (entry.type === "file") return entry.mode ?? 0o644;
  if (entry.type === "directory") return entry.mode ?? 0o755;
  return 0o777;
}

function octal(block: Buffer, offset: number, length: number, value: number): void {
  block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
}
