/** The benchmark's result as a table in Markdown. */
import { FIGURES, type Figure, type Measurements } from "./figures.ts";

/**
 * One row a figure that was measured, one column a runtime; the ratio is the first runtime's to the second's; critter's stands
 * beside the most that it may be.
 */
export function renderTable(names: readonly string[], measured: readonly Measurements[]): string {
  const compared = names.length > 1;
  const promised = names[0] === "critter";
  const head = ["", ...names, ...(compared ? ["ratio"] : []), ...(compared && promised ? ["target"] : [])];
  const rows = FIGURES.map((figure) => ({ figure, values: measured.map((all) => figure.value(all)) }))
    .filter(({ values }) => values.some((value) => !Number.isNaN(value)))
    .map(({ figure, values }) => [
      `${figure.label} (${figure.unit})`,
      ...values.map(number),
      ...(compared ? [ratioText(ratioOf(values))] : []),
      ...(compared && promised ? [verdict(figure, values)] : []),
    ]);
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function ratioOf([first = Number.NaN, second = Number.NaN]: number[]): number {
  return first / second;
}

function verdict({ target, limit }: Figure, values: number[]): string {
  const [value, most] = limit === undefined ? [ratioOf(values), target] : [values[0], limit];
  if (value === undefined || most === undefined || Number.isNaN(value)) return "";
  return `≤ ${most} ${value <= most ? "met" : "MISSED"}`;
}

function ratioText(ratio: number): string {
  return Number.isNaN(ratio) ? "–" : ratio.toFixed(2);
}

function number(value: number): string {
  if (Number.isNaN(value)) return "–";
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
