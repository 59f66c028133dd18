/** What a difference between the two runtimes' config.json is explained by. */
import { KINDS, type Kind } from "./requests.ts";
import { OWNERS, type Owner } from "./runtimes.ts";

export interface Explanation {
  /** Of both when absent. */
  owner?: Owner;
  /** Of all kinds when absent. */
  kinds?: readonly Kind[];
  /** A difference's path; `{a,b}` stands for one path with each. */
  path: string;
  /** The values, absent where there is nothing; `…` stands for anything. */
  containerd?: string;
  critter?: string;
  /** A sentence for the reader. */
  reason: string;
  /** For what is found on some machines only: on which. */
  where?: string;
}

/** One place in one config.json that an explanation speaks of. */
export interface Place {
  owner: Owner;
  kind: Kind;
  path: string;
}

export function placesOf({ owner, kinds = KINDS, path }: Explanation): Place[] {
  const owners = owner ? [owner] : OWNERS;
  const paths = expand(path);
  return owners.flatMap((one) =>
    kinds.flatMap((kind) => paths.map((each) => ({ owner: one, kind, path: each }))),
  );
}

/** `a{b,c}d` is `abd` and `acd`. */
export function expand(path: string): string[] {
  const [, before, choices, after] = /^(.*?)\{(.*?)\}(.*)$/.exec(path) ?? [];
  if (before === undefined || choices === undefined || after === undefined) return [path];
  return choices.split(",").flatMap((choice) => expand(`${before}${choice}${after}`));
}

/** Whether a value is what `pattern` says. */
export function matches(value: string | undefined, pattern: string | undefined): boolean {
  if (value === undefined || pattern === undefined) return value === pattern;
  const literal = pattern.split("…").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`).test(value);
}
