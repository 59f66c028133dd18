/** Bounds work whose time depends on what others wrote, such as matching a pod's annotations. */
import { createContext, runInContext } from "node:vm";

const context = createContext({ work: undefined as (() => unknown) | undefined });

/** What `work`, which is synchronous, answers. Throws when it takes longer than so many milliseconds. */
export function withinTime<T>(milliseconds: number, work: () => T): T {
  // A backtracking expression can be interrupted in no other way.
  context.work = work;
  try {
    return runInContext("work()", context, { timeout: milliseconds }) as T;
  } finally {
    context.work = undefined;
  }
}
