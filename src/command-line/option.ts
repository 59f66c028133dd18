/** An option of a command, as util.parseArgs takes it and as the help and the shells' completions tell of it. */

/** What a shell offers as a value. */
export type Completion =
  | "files"
  /** Names of runtime handlers. */
  | "handlers"
  /** Names of pods, containers and images. */
  | "names"
  /** Names of images. */
  | "images"
  | readonly string[];

export interface Option {
  readonly type: "boolean" | "string";
  readonly short?: string;
  readonly multiple?: boolean;
  /** What the help calls the value of a string. */
  readonly argument?: string;
  readonly about: string;
  readonly completes?: Completion;
}

export type Options = Readonly<Record<string, Option>>;

const width = 116;
/** Most columns that an option and its value take; of a longer one the explanation begins on the next line. */
const widestOption = 23;

/** A line for each option, or several, in columns. */
export function optionsHelp(options: Options): string {
  const entries = Object.entries(options).map(
    ([name, option]) => [leftOf(name, option), option.about] as const,
  );
  const widths = entries.map(([left]) => left.length).filter((length) => length <= widestOption);
  const column = Math.max(...widths) + 2;
  return entries.map(([left, about]) => entryOf(left, about, column)).join("");
}

/** `left`, and from `column` on `text`, in lines of the terminal's width at most. */
export function entryOf(left: string, text: string, column: number): string {
  const lines = wrapped(text, width - column);
  const indented = lines.map((line) => " ".repeat(column) + line);
  if (left.length + 2 > column) return [left, ...indented].map((line) => `${line}\n`).join("");
  const [first = "", ...more] = indented;
  return [left + first.slice(left.length), ...more].map((line) => `${line}\n`).join("");
}

function leftOf(name: string, { short, argument }: Option): string {
  return `  ${short ? `-${short}, ` : "    "}--${name}${argument ? ` ${argument}` : ""}`;
}

function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
