/** Texts for fields that take few: each is refused, or provably does nothing. */

export const MEBIBYTE = 2 ** 20;
export const long = "a".repeat(MEBIBYTE);

/** No name, word or path of any kind. */
export const inNoName: readonly string[] = [
  "a\0b",
  "a\nb",
  "a\r\nb",
  "\u001b[31m",
  "\u009b31m",
  "\u202ea",
  long,
];

/** The same for paths, which may have characters that turn the direction of a line: only who shows them must take care. */
export const inNoPath = inNoName.filter((text) => !text.startsWith("\u202e"));

/** Lead out of the folder that they are to lie in. */
export const leadingOut: readonly string[] = ["..", "../x", "a/../../x", "../../../../critter-fuzz-escaped"];
