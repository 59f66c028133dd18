/** Reads the CRI log format: `TIME STREAM TAG TEXT`, where the tag P says that the text goes on in the next line. */

export interface LogEntry {
  stream: "stdout" | "stderr";
  /** As the container wrote it: with its newline, unless the line was written in part. */
  content: Buffer;
}

const newline = 0x0a;
const blank = 0x20;

/** Makes entries of a log that arrives in chunks of any size. */
export class LogLines {
  #rest: Buffer[] = [];

  /** The entries that `chunk` completes; lines that are not of this format are left out. */
  push(chunk: Buffer): LogEntry[] {
    const entries: LogEntry[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const entry = parseLine(Buffer.concat([...this.#rest, chunk.subarray(start, end + 1)]));
      this.#rest = [];
      if (entry) entries.push(entry);
      start = end + 1;
    }
    if (start < chunk.length) this.#rest.push(Buffer.from(chunk.subarray(start)));
    return entries;
  }
}

/** `line` ends with its newline. */
function parseLine(line: Buffer): LogEntry | undefined {
  const afterTime = line.indexOf(blank) + 1;
  const afterStream = line.indexOf(blank, afterTime) + 1;
  const afterTag = line.indexOf(blank, afterStream) + 1;
  if (afterTime === 0 || afterStream === 0 || afterTag === 0) return undefined;
  const stream = line.toString("latin1", afterTime, afterStream - 1);
  // Further tags may follow the first after a colon.
  const tag = line[afterStream];
  if ((stream !== "stdout" && stream !== "stderr") || (tag !== 0x50 && tag !== 0x46)) return undefined;
  return { stream, content: line.subarray(afterTag, tag === 0x50 ? -1 : undefined) };
}
