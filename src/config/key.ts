/** The kinds of key a configuration table is made of: what each accepts, and how it is turned into its typed value. */

/** What a default may depend on. */
export interface Facts {
  runroot: string;
  cgroupManager: "systemd" | "cgroupfs";
  /** Name of the runtime whose table is read; empty elsewhere. */
  runtime: string;
}

export type Toml = string | number | boolean | string[] | Record<string, string>;

export interface KeyOptions {
  /** The default where it depends on the machine or on other keys; where `shown` is empty, an empty value asks for it. */
  derive?: (facts: Facts) => Toml;
  /** Whether SIGHUP puts a new value into effect. */
  reload?: boolean;
}

/** One key of a table. */
export interface Key<T> extends KeyOptions {
  /** The default as the example shows it. */
  readonly shown: Toml;
  /** One line for the example: what the key does. */
  readonly about: string;
  /** What a right value is, to end the sentence "… is not". */
  readonly right: string;
  /** The typed value, or undefined when the value is wrong. */
  parse(value: unknown): T | undefined;
}

function key<T>(
  shown: Toml,
  about: string,
  right: string,
  parse: Key<T>["parse"],
  options?: KeyOptions,
): Key<T> {
  return { shown, about, right, parse, ...options };
}

export function text(shown: string, about: string, options?: KeyOptions): Key<string> {
  return key(shown, about, "a string", (value) => (typeof value === "string" ? value : undefined), options);
}

/** A value that `parse` makes of what the file says: undefined when it is wrong, and then `right` says what is not. */
export function parsed<T>(
  shown: Toml,
  about: string,
  right: string,
  parse: (value: unknown) => T | undefined,
  options?: KeyOptions,
): Key<T> {
  return key(shown, about, right, parse, options);
}

/** An absolute path; empty is right where the default is empty. */
export function path(shown: string, about: string, options?: KeyOptions): Key<string> {
  const right = shown === "" ? "an absolute path, or empty" : "an absolute path";
  return key(shown, about, right, (value) => (isPath(value, shown === "") ? value : undefined), options);
}

export function paths(shown: string[], about: string, options?: KeyOptions): Key<string[]> {
  return key(
    shown,
    about,
    "a list of absolute paths",
    (value) => everyOf(value, (item) => (isPath(item, false) ? item : undefined)),
    options,
  );
}

export function flag(shown: boolean, about: string, options?: KeyOptions): Key<boolean> {
  return key(
    shown,
    about,
    "true or false",
    (value) => (typeof value === "boolean" ? value : undefined),
    options,
  );
}

/** A whole number; `accepts` and `right` say which. */
export function whole(
  shown: number,
  about: string,
  right: string,
  accepts: (value: number) => boolean,
  options?: KeyOptions,
): Key<number> {
  return key(
    shown,
    about,
    right,
    (value) =>
      typeof value === "number" && Number.isSafeInteger(value) && accepts(value) ? value : undefined,
    options,
  );
}

/** One of `choices`; `aliases` are other spellings that real files have. */
export function choice<const T extends string>(
  choices: readonly T[],
  shown: NoInfer<T>,
  about: string,
  options?: KeyOptions & { aliases?: Record<string, T> },
): Key<T> {
  const { aliases, ...rest } = options ?? {};
  const parse = (value: unknown) => {
    const found = choices.find((candidate) => candidate === value);
    return (
      found ??
      (typeof value === "string" && aliases && Object.hasOwn(aliases, value) ? aliases[value] : undefined)
    );
  };
  return key(shown, about, `one of ${choices.map((value) => JSON.stringify(value)).join(", ")}`, parse, rest);
}

/** A list of strings, each turned into a value by `item` (undefined when wrong). */
export function list<T>(
  shown: string[],
  about: string,
  right: string,
  item: (value: string) => T | undefined,
  options?: KeyOptions,
): Key<T[]> {
  return key(
    shown,
    about,
    right,
    (value) => everyOf(value, (one) => (typeof one === "string" ? item(one) : undefined)),
    options,
  );
}

/** What a list of `NAME=VALUE` strings says; undefined where it is none. */
export function parsePairs(value: unknown): Record<string, string> | undefined {
  const entries = everyOf(value, (item) => (typeof item === "string" ? split(item) : undefined));
  return entries && Object.fromEntries(entries);
}

/** A table of strings by names, each of which `accepts` may refuse. */
export function stringTable(
  about: string,
  right: string,
  accepts: (name: string, value: string) => boolean,
): Key<Record<string, string>> {
  const parse = (value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const entries = Object.entries(value);
    const fits = entries.every(([name, one]) => typeof one === "string" && accepts(name, one));
    return fits ? (Object.fromEntries(entries) as Record<string, string>) : undefined;
  };
  return key({}, about, right, parse);
}

function split(item: string): [string, string] | undefined {
  const equals = item.indexOf("=");
  return equals > 0 ? [item.slice(0, equals).trim(), item.slice(equals + 1).trim()] : undefined;
}

function isPath(value: unknown, mayBeEmpty: boolean): value is string {
  return typeof value === "string" && (value.startsWith("/") || (mayBeEmpty && value === ""));
}

function everyOf<T>(value: unknown, parse: (item: unknown) => T | undefined): T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const parsed = value.map(parse);
  return parsed.every((item) => item !== undefined) ? (parsed as T[]) : undefined;
}
