/** Reads documents that others wrote (JSON, YAML): each reader checks a value and answers it typed. */

/** A value that is not what the format says; the message begins with its place. */
export class DocumentError extends Error {
  override readonly name = "DocumentError";
}

/** `place` is the value's path in the document, for the message of a DocumentError. */
export type Reader<T> = (value: unknown, place: string) => T;

/** A string; `right`, where given, is what it must be, to end the sentence "it must be". */
export function text(accepts: (value: string) => boolean = () => true, right = "a string"): Reader<string> {
  return (value, place) => {
    if (typeof value === "string" && accepts(value)) return value;
    throw wrong(place, value, right);
  };
}

/** A whole number from `least` to `most`. */
export function whole(least: number, most: number): Reader<number> {
  return (value, place) => {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
      return value as number;
    throw wrong(place, value, `a whole number from ${least} to ${most}`);
  };
}

export const flag: Reader<boolean> = (value, place) => {
  if (typeof value === "boolean") return value;
  throw wrong(place, value, "true or false");
};

export function listOf<T>(item: Reader<T>): Reader<T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) throw wrong(place, value, "a list");
    return value.map((one, index) => item(one, `${place}[${index}]`));
  };
}

/** An object of any names, whose values are alike. */
export function mapOf<T>(item: Reader<T>): Reader<Record<string, T>> {
  return (value, place) =>
    Object.fromEntries(
      Object.entries(plain(value, place)).map(([name, one]) => [name, item(one, within(place, name))]),
    );
}

type Readers<T> = { [Name in keyof T]-?: Reader<NonNullable<T[Name]>> };

export interface ObjectOptions<T> {
  required?: readonly (keyof T & string)[];
  /** Takes no notice of fields that `readers` lacks; they are wrong otherwise. */
  open?: boolean;
}

/** An object with the fields that `readers` has; one that is null is absent, as Go's programs write it. */
export function object<T extends object>(
  readers: Readers<T>,
  { required = [], open = false }: ObjectOptions<T> = {},
): Reader<T> {
  return (value, place) => {
    const fields = plain(value, place);
    const result: Partial<T> = {};
    for (const [name, field] of Object.entries(fields)) {
      const known = Object.hasOwn(readers, name);
      if (!known && !open) throw new DocumentError(`${within(place, name)} is not a field that is known`);
      if (!known || field === null || field === undefined) continue;
      const read = readers[name as keyof T] as Reader<T[keyof T]>;
      result[name as keyof T] = read(field, within(place, name));
    }
    const absent = required.find((name) => result[name] === undefined);
    if (absent !== undefined) throw new DocumentError(`${within(place, absent)} is absent`);
    return result as T;
  };
}

function plain(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw wrong(place, value, "an object");
}

function wrong(place: string, value: unknown, right: string): DocumentError {
  const shown = JSON.stringify(value);
  return new DocumentError(`${place || "it"} is ${shown}, it must be ${right}`);
}

function within(place: string, name: string): string {
  return place === "" ? name : `${place}.${name}`;
}
