/** What JSON.parse hides: an object that has one name twice. A policy that means two things must not be believed. */

/** A string, with the colon that makes it a name; or a bracket. */
const tokens = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[[\]{}]/g;

/** A name that an object of the document has twice; undefined when there is none. `text` must be JSON. */
export function duplicateName(text: string): string | undefined {
  /** The names of each object that is open; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  for (const [token, string, colon] of text.matchAll(tokens)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (string === undefined) open.pop();
    if (string === undefined || colon === undefined) continue;
    const name = JSON.parse(string) as string;
    if (open.at(-1)?.has(name)) return name;
    open.at(-1)?.add(name);
  }
  return undefined;
}
