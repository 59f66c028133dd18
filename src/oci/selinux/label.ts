/** SELinux labels, `user:role:type:level`, and the levels that keep pods apart. */
import { randomInt } from "node:crypto";

export interface Label {
  user: string;
  role: string;
  type: string;
  /** Sensitivity and categories, `s0:c1,c2`. */
  level: string;
}

/** Categories that a policy has by default. */
const CATEGORIES = 1024;

/** Throws an Error for a text that is no label of a policy with levels. */
export function parseLabel(text: string): Label {
  const [, user, role, type, level] = /^([^:]+):([^:]+):([^:]+):(.+)$/.exec(text) ?? [];
  if (!user || !role || !type || !level) throw new Error(`${JSON.stringify(text)} is not an SELinux label`);
  return { user, role, type, level };
}

export function formatLabel({ user, role, type, level }: Label): string {
  return [user, role, type, level].join(":");
}

/** Whether `text` is one level or a range of them. */
export function isLevel(text: string): boolean {
  return /^s\d+(-s\d+)?(:c\d{1,4}([.,]c\d{1,4})*)?$/.test(text);
}

/** A level of two categories that is not among `taken`. */
export function freshLevel(taken: ReadonlySet<string>): string {
  for (;;) {
    const [first, second] = [randomInt(CATEGORIES), randomInt(CATEGORIES)];
    const level = `s0:c${Math.min(first, second)},c${Math.max(first, second)}`;
    if (first !== second && !taken.has(level)) return level;
  }
}
