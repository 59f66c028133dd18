/** Where in a TOML document each key and table stands; smol-toml gives values without their lines. */

const separator = "\u0000";

/** Line numbers by path. */
export class Lines {
  readonly #lines = new Map<string, number>();

  set(path: readonly string[], line: number): void {
    const name = path.join(separator);
    if (!this.#lines.has(name)) this.#lines.set(name, line);
  }

  /** The line of `path`, or of the nearest thing around it (an inline table, a table); 1 if there is none. */
  get(path: readonly string[]): number {
    for (let length = path.length; length > 0; length--) {
      const line = this.#lines.get(path.slice(0, length).join(separator));
      if (line !== undefined) return line;
    }
    return 1;
  }
}

/** Reads the lines of `toml`, which must be a document that parses. */
export function linesOf(toml: string): Lines {
  const lines = new Lines();
  let table: string[] = [];
  let position = 0;
  let line = 1;
  const advance = (end: number) => {
    for (; position < end; position++) if (toml[position] === "\n") line++;
  };
  while (position < toml.length) {
    blank.lastIndex = position;
    if (blank.test(toml)) {
      advance(blank.lastIndex);
      continue;
    }
    const header = toml[position] === "[";
    if (header) advance(position + (toml[position + 1] === "[" ? 2 : 1));
    const { path, end } = readKey(toml, position);
    if (header) table = path;
    const full = header ? path : [...table, ...path];
    // A key a.b.c also opens a and a.b, as [a.b.c] does.
    for (let length = 1; length <= full.length; length++) lines.set(full.slice(0, length), line);
    advance(header ? endOfLine(toml, end) : endOfValue(toml, end));
  }
  return lines;
}

const blank = /\s+|#[^\n]*/y;
const keyPart = /\s*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([\w-]+))\s*(\.?)/y;

function readKey(toml: string, start: number): { path: string[]; end: number } {
  const path: string[] = [];
  keyPart.lastIndex = start;
  for (;;) {
    const from = keyPart.lastIndex;
    const part = keyPart.exec(toml);
    if (!part) return { path, end: Math.max(from, start + 1) };
    path.push(part[1] ?? part[2] ?? part[3] ?? "");
    if (part[4] === "") return { path, end: keyPart.lastIndex };
  }
}

const string = /"""(?:[^\\]|\\[\s\S])*?"{3,5}|'''[\s\S]*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*/y;

/** The end of the line that the value after `start` ends on: brackets and strings may span several. */
function endOfValue(toml: string, start: number): number {
  let depth = 0;
  let position = start;
  while (position < toml.length) {
    const character = toml[position] as string;
    if (character === "\n" && depth === 0) return position;
    string.lastIndex = position;
    if (string.test(toml)) {
      position = string.lastIndex;
      continue;
    }
    if (character === "[" || character === "{") depth++;
    if (character === "]" || character === "}") depth--;
    position++;
  }
  return position;
}

function endOfLine(toml: string, start: number): number {
  const end = toml.indexOf("\n", start);
  return end < 0 ? toml.length : end;
}
