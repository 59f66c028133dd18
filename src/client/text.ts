/** Text in columns, without anything that a terminal would obey. */
import { printable as escaped } from "../printable.ts";

export interface Column {
  title: string;
  /** Numbers are read from the right. */
  right?: boolean;
}

/** A table with its titles, columns two spaces apart. */
export function table(columns: Column[], rows: string[][]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? "").length)));
  return cells.map((row) => line(row, columns, widths)).join("");
}

function line(row: string[], columns: Column[], widths: number[]): string {
  const padded = columns.map(({ right }, at) => {
    const cell = row[at] ?? "";
    return right ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!);
  });
  return `${padded.join("  ").trimEnd()}\n`;
}

/** A name and what it is; several lines of it stand below each other, and without any the field is left out. */
export type Field = [name: string, value: string | string[] | undefined];

/** Fields, one a line, indented by two spaces, their values below each other. */
export function fields(entries: Field[]): string {
  const shown = entries
    .map(([name, value]) => ({ name, lines: [value ?? []].flat().filter((text) => text !== "") }))
    .filter(({ lines }) => lines.length > 0);
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  return shown
    .flatMap(({ name, lines }) =>
      lines.map((text, at) => `  ${(at === 0 ? name : "").padEnd(width)}  ${printable(text)}\n`),
    )
    .join("");
}

/** What containers and clients have written, safe for a terminal: control characters as `\x1b`, those that turn a line as `\u202e`. */
export function printable(text: string): string {
  return escaped(
    text.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`),
  );
}
