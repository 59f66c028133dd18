/** Texts of others as a terminal, a log or an error may show them: no control characters, and not too long. */

/** Control characters and those that turn the direction of what follows, or hide. */
const unprintable = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Most characters of a value in a message. */
const LONGEST_VALUE = 200;

/** `text` with what does not print written as \uXXXX, or \n and the like. */
export function printable(text: string): string {
  return text.replace(
    unprintable,
    (character) =>
      short[character] ??
      Array.from({ length: character.length }, (_, at) => escaped(character.charCodeAt(at))).join(""),
  );
}

const short: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

/** `text`, or its beginning and how many characters there are, where it has more than `most`. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  // Half a pair of surrogates is no character.
  return `${text.slice(0, most).replace(/[\ud800-\udbff]$/, "")}… (${text.length} characters)`;
}

/** A value as JSON, fit to be shown: what is wrong with a request is seen in its beginning. */
export function shown(value: unknown): string {
  if (typeof value === "string" && value.length > LONGEST_VALUE)
    return `${printable(JSON.stringify(value.slice(0, LONGEST_VALUE)))}… (${value.length} characters)`;
  return printable(shortened(JSON.stringify(value) ?? "absent", 2 * LONGEST_VALUE));
}
