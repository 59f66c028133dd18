/** Regular expressions of hook files: Go's (RE2), which the programs know that they are written for, as JavaScript's. */

/** What JavaScript calls otherwise. */
const classes: Record<string, string> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`\\{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

/** A piece of a pattern, and what becomes of it. The first that fits counts. */
const rules: readonly [piece: RegExp, inClass: boolean | undefined, into: (match: string[]) => string][] = [
  [/\\Q(.*?)(?:\\E|$)/suy, false, ([, quoted = ""]) => quoted.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")],
  [/\\A/uy, false, () => "(?<![\\s\\S])"],
  [/\\z/uy, false, () => "(?![\\s\\S])"],
  [/\\a/uy, undefined, () => "\\x07"],
  [/\\x\{([0-9A-Fa-f]{1,6})\}/uy, undefined, ([, code]) => `\\u{${code}}`],
  [/\\x[0-9A-Fa-f]{2}|\\[dDwWsSnrtfv]/uy, undefined, ([piece = ""]) => piece],
  [/\\[bB]/uy, false, ([piece = ""]) => piece],
  [/\\([pP])(?:\{(\w\w?)\}|([A-Z]))/uy, undefined, ([, p, name, letter]) => `\\${p}{${name ?? letter}}`],
  [/\\([pP])\{(\w+)\}/uy, undefined, ([, p, script]) => `\\${p}{Script=${script}}`],
  [/\\([\^$\\.*+?()[\]{}|/-])/uy, true, ([piece = ""]) => piece],
  [/\\([\^$\\.*+?()[\]{}|/])/uy, false, ([piece = ""]) => piece],
  [/\\([!-/:-@[-`{-~])/uy, undefined, ([, mark = ""]) => mark],
  [/\\(?:.|$)/suy, undefined, ([piece = ""]) => refuse(piece)],
  [
    /\[:(\^?)(\w+):\]/uy,
    true,
    ([piece = "", not, name = ""]) => (not ? refuse(piece) : (classes[name] ?? refuse(piece))),
  ],
  [/\[/uy, true, () => "\\["],
  [/\(\?P</uy, false, () => "(?<"],
  [/\(\?(?:<?[=!]|[a-zA-Z-]*U|[ims-]*\))/uy, false, ([piece = ""]) => refuse(piece)],
  [/\./uy, false, () => "[^\\n]"],
  [/\{\d+(?:,\d*)?\}/uy, false, ([piece = ""]) => piece],
  [/[{}\]]/uy, false, ([piece = ""]) => `\\${piece}`],
];

/**
 * The expression that matches what `pattern` matches in Go. Throws for what is wrong there too: a look around, a
 * reference to a group, an unknown escape.
 */
export function compilePattern(pattern: string): RegExp {
  const [leading = "", flags = ""] = /^\(\?([ims]+)\)/.exec(pattern) ?? [];
  const body = pattern.slice(leading.length);
  let source = "";
  for (let at = 0; at < body.length; ) {
    const opening = /\[\^?\]?/uy;
    opening.lastIndex = at;
    const [open] = opening.exec(body) ?? [];
    if (open === undefined) {
      const [length, piece] = translate(body, at, false, flags);
      source += piece;
      at += length;
      continue;
    }
    // A bracket that comes first is one of the class.
    source += open.endsWith("]") ? `${open.slice(0, -1)}\\]` : open;
    for (at += open.length; at < body.length && body[at] !== "]"; ) {
      const [length, piece] = translate(body, at, true, flags);
      source += piece;
      at += length;
    }
    source += body[at++] ?? "";
  }
  return new RegExp(source, `u${flags}`);
}

function translate(
  body: string,
  at: number,
  inClass: boolean,
  flags: string,
): [length: number, piece: string] {
  for (const [piece, where, into] of rules) {
    if (where !== undefined && where !== inClass) continue;
    piece.lastIndex = at;
    const match = piece.exec(body);
    if (!match) continue;
    const dotAll = match[0] === "." && flags.includes("s");
    return [match[0].length, dotAll ? "." : into(match)];
  }
  const character = String.fromCodePoint(body.codePointAt(at)!);
  return [character.length, character];
}

function refuse(piece: string): never {
  throw new Error(`${JSON.stringify(piece)} is not known in regular expressions`);
}
