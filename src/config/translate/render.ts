/** Writes a translation: as a crio.conf with comments, and as the report of what was lost on the way. */
import { assignment } from "../example.ts";
import { tables } from "../schema.ts";
import { shownPath } from "./leaves.ts";
import type { Remark, RemarkKind, Translation } from "./translation.ts";

const headings: Record<RemarkKind, string> = {
  none: "no equivalent",
  changed: "changed",
  ignored: "ignored",
};

/** The crio.conf. `source` says what it was made of, `advice` what to know besides, a line each. */
export function renderTranslation(translation: Translation, source: string, advice: string[]): string {
  const parts = [
    [`crio.conf of critter, translated from ${source}.`, ...advice].map(comment).join(""),
    remarksSection(translation, "none", "What has no equivalent here:"),
    remarksSection(translation, "changed", "What is different here:"),
    ...tableNames(translation).map((table) => renderTable(translation, table)),
    remarksSection(translation, "ignored", "What means nothing here, and is not missed:"),
    registriesSection(translation.registries),
  ];
  return parts.filter(Boolean).join("\n");
}

/** A line for each remark that an operator must read, and one that counts the others; for standard error. */
export function reportOf(translation: Translation): string {
  const told = translation.remarks.filter(({ kind }) => kind !== "ignored");
  const ignored = translation.remarks.length - told.length + translation.idle;
  const lines = told.sort(byKind).map((remark) => `${headings[remark.kind]}: ${lineOf(remark)}`);
  const counts = [
    `${translation.taken.size} keys set`,
    `${told.filter(({ kind }) => kind === "changed").length} changed`,
    `${told.filter(({ kind }) => kind === "none").length} without equivalent`,
    `${ignored} ignored, as nothing is lost without them`,
  ];
  return `${[...lines, counts.join(", ")].join("\n")}\n`;
}

function byKind(a: Remark, b: Remark): number {
  return Number(a.kind === "changed") - Number(b.kind === "changed");
}

function lineOf({ place, setting, text }: Remark): string {
  return `${place === "" ? "" : `${place}: `}${setting}: ${text}`;
}

function remarksSection({ remarks }: Translation, kind: RemarkKind, heading: string): string {
  const lines = remarks.filter((remark) => remark.kind === kind).map((remark) => `  ${lineOf(remark)}`);
  return lines.length > 0 ? [heading, ...lines].map(comment).join("") : "";
}

function registriesSection(lines: string[]): string {
  if (lines.length === 0) return "";
  const heading =
    "Of registries, for a file such as /etc/containers/registries.conf.d/50-moved.conf (--registries prints it alone):";
  return [heading, ...lines.map((line) => (line === "" ? "" : `  ${line}`))].map(comment).join("");
}

/** The tables with a key in them, in the order of the example; those of handlers each by itself. */
function tableNames(translation: Translation): string[] {
  const filled = new Set([...translation.taken.keys()].map((key) => key.slice(0, key.lastIndexOf("."))));
  return Object.values(tables).flatMap(({ name }) =>
    name === tables.handler.name
      ? [...translation.handlers].map((handler) => `${name}.${handler}`)
      : [...filled].filter((table) => table === name),
  );
}

function renderTable(translation: Translation, table: string): string {
  const lines = [`[${headerOf(table)}]`];
  for (const [key, { toml, origin }] of translation.taken) {
    const dot = key.lastIndexOf(".");
    if (key.slice(0, dot) !== table) continue;
    lines.push("", ...origin.map((line) => `# ${line}`), assignment(key.slice(dot + 1), toml));
  }
  return `${lines.join("\n")}\n`;
}

/** A handler's name may be one that TOML wants in quotes. */
function headerOf(table: string): string {
  const { name } = tables.handler;
  if (!table.startsWith(`${name}.`)) return table;
  return shownPath([...name.split("."), table.slice(name.length + 1)]);
}

/** What was in another file stands in a comment, where a line break must not end it. */
function comment(line: string): string {
  return `#${line === "" ? "" : ` ${line.replace(/[\r\n]+/g, " ")}`}\n`;
}
