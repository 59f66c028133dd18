/** The whole comparison: all kinds by both runtimes, and each difference held against the explanations. */
import { type Difference, differences } from "./differences.ts";
import { type Explanation, matches, type Place, placesOf } from "./explanation.ts";
import { KINDS, MOUNTED } from "./requests.ts";
import { OWNERS, type Runtimes } from "./runtimes.ts";
import { withUserNamespace } from "./user-namespace.ts";

export interface Found extends Place, Difference {}

/** A difference and what explains it, or does not. */
export interface Judged extends Found {
  explanation?: Explanation;
}

export interface Judgement {
  explained: Judged[];
  /** Without an explanation, or with one that has other values. */
  unexplained: Judged[];
  /** What is explained and was not found, though it is to be found on every machine. */
  stale: Place[];
}

/** All differences, between what both runtimes make now. */
export async function compare(runtimes: Runtimes): Promise<Found[]> {
  const found: Found[] = [];
  for (const kind of KINDS) {
    const { containerd, critter } = await runtimes.specsOf(kind);
    const theirs = kind === "user-namespace" ? withUserNamespace(containerd, MOUNTED) : containerd;
    for (const owner of OWNERS) {
      for (const difference of differences(theirs[owner], critter[owner]))
        found.push({ kind, owner, ...difference });
    }
  }
  return found;
}

export function judge(found: readonly Found[], explanations: readonly Explanation[]): Judgement {
  const byPlace = new Map<string, Explanation>();
  for (const explanation of explanations)
    for (const place of placesOf(explanation)) byPlace.set(key(place), explanation);
  const judged = found.map((one): Judged => {
    const explanation = byPlace.get(key(one));
    return explanation ? { ...one, explanation } : one;
  });
  const places = new Set(found.map(key));
  return {
    explained: judged.filter(isExplained),
    unexplained: judged.filter((one) => !isExplained(one)),
    stale: explanations
      .filter(({ where }) => where === undefined)
      .flatMap(placesOf)
      .filter((place) => !places.has(key(place))),
  };
}

function isExplained({ explanation, containerd, critter }: Judged): boolean {
  if (!explanation) return false;
  return matches(containerd, explanation.containerd) && matches(critter, explanation.critter);
}

export function key({ owner, kind, path }: Place): string {
  return `${kind} ${owner} ${path}`;
}
