/** What can become of a key of containerd's config.toml, and how keys are found. */
import type { TomlValue } from "smol-toml";
import type { RemarkKind } from "./translation.ts";

interface Matching {
  /** A path of containerd-files.ts with "/" between names; * is any name, or the rest of one, and ** any rest. */
  path: string;
  /** Values that ask for nothing which critter does not do, besides those that are empty. */
  idle: readonly TomlValue[];
}

/** The value goes to critter's key `to` as it is; a `*` there is that of the path. */
interface Taking extends Matching {
  to: string;
}

/** There is no key for it; `text` says what happens instead. */
interface Remarking extends Matching {
  kind: RemarkKind;
  text: string;
}

/** A part of the translation by itself sees to it. */
interface Elsewhere {
  path: string;
  elsewhere: true;
}

export type Rule = Taking | Remarking | Elsewhere;

export const taken = (path: string, to: string, ...idle: TomlValue[]): Rule => ({ path, to, idle });
export const elsewhere = (path: string): Rule => ({ path, elsewhere: true });

const remarking =
  (kind: RemarkKind) =>
  (path: string, text: string, ...idle: TomlValue[]): Rule => ({ path, kind, text, idle });
/** See RemarkKind for what these are. */
export const none = remarking("none");
export const changed = remarking("changed");
export const ignored = remarking("ignored");

export interface Match {
  rule: Rule;
  /** What the first `*` of the rule's path stands for. */
  name: string;
}

/** The first of `rules` that is about `path`. */
export function ruleFor(rules: readonly Rule[], path: readonly string[]): Match | undefined {
  for (const rule of rules) {
    const name = matched(rule.path.split("/"), path);
    if (name !== undefined) return { rule, name };
  }
  return undefined;
}

/** What the first `*` stands for, empty where there is none; undefined where `path` is another. */
function matched(pattern: readonly string[], path: readonly string[]): string | undefined {
  const open = pattern.at(-1) === "**";
  const fixed = open ? pattern.slice(0, -1) : pattern;
  if (open ? path.length < fixed.length : path.length !== fixed.length) return undefined;
  const fits = fixed.every((part, index) => {
    const name = path[index]!;
    return part.endsWith("*") ? name.startsWith(part.slice(0, -1)) : part === name;
  });
  return fits ? (path[fixed.indexOf("*")] ?? "") : undefined;
}
