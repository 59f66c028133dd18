/** What a daemon holds of the machine, as names by kind; and how what is found compares with what should be there. */

export const kinds = [
  "mount",
  "namespace",
  "lease",
  "attachment",
  "network rule",
  "port of the bridge",
  "cgroup",
  "monitor",
  "process",
  "sandbox folder",
  "bundle",
  "persist folder",
  "exit file",
  "runtime's state",
  "file of an exec",
  "layer's folder",
  "root filesystem",
  "shared mount",
  "unfinished blob",
  "other file",
  "listed pod",
  "listed container",
  "listed image",
  "unreadable record",
] as const;

export type Kind = (typeof kinds)[number];

/** Names of what there is, by kind; a name that is there twice counts twice. */
export class Holdings {
  readonly #names = new Map<Kind, string[]>();

  add(kind: Kind, ...names: string[]): void {
    this.#names.set(kind, [...this.of(kind), ...names]);
  }

  of(kind: Kind): string[] {
    return this.#names.get(kind) ?? [];
  }
}

/** What should be there: what must be, and what may be besides. */
export interface Expectation {
  required: Holdings;
  allowed: Holdings;
}

/** One line for each thing that is missing, is nobody's, or is there too often. */
export function differences(found: Holdings, { required, allowed }: Expectation): string[] {
  return kinds.flatMap((kind) => {
    const there = new Set(found.of(kind));
    const wanted = new Set(required.of(kind));
    const known = new Set([...wanted, ...allowed.of(kind)]);
    const twice = found.of(kind).filter((name, at, all) => all.indexOf(name) !== at);
    return [
      ...[...wanted].filter((name) => !there.has(name)).map((name) => `${kind} ${name} is missing`),
      ...[...there].filter((name) => !known.has(name)).map((name) => `${kind} ${name} is nobody's`),
      ...twice.map((name) => `${kind} ${name} is there twice`),
    ];
  });
}
